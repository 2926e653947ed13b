"""Labels of the right and the left lung, and the measures of each.

*Right* is the patient's right, which is on the image's left in a frontal view as radiologists look at it.
Whether an image is mirrored or rotated cannot be derived from the lungs; only its file says so (`Sides`).
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .components import Components, find_components, lungs_among, share_columns
from .sides import Doubt, Edge, Sides, SidesFrom
from .touching_lungs import find_neck

RIGHT = 1
LEFT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Lung:
    """One lung at native size.

    Attributes:
        area_px: Area in pixels.
        area_mm2: Area in mm² in the plane of the spacing; None if the spacing is unknown.
        box: X, y, width, height in pixels; x and y are the first column and row with lung.
        centroid: X, y in pixels; the centres of pixels have integer coordinates.
    """

    area_px: int
    area_mm2: float | None
    box: tuple[int, int, int, int]
    centroid: tuple[float, float]


def label_lungs(
    mask: NDArray[np.bool_], *, left_at: Edge = "right", components: Components | None = None
) -> NDArray[np.uint8]:
    """Label the right and the left lung.

    - Two lungs: the one whose centroid is further towards the patient's left is the left lung.
    - Two touching lungs are one component; it is cut at its narrowest neck (`find_neck`), together with all
      other components.
    - One lung, or two pieces of one lung above each other: the side of the image's midline on which the
      centroid lies.
    - All other components of a raw mask get the label of the nearest lung.

    Args:
        mask: ``(h, w)`` bool, at the network's resolution, where this takes about a millisecond.
        left_at: The edge of the image where the patient's left is.
        components: Those of the mask, to save time if they are known.

    Returns:
        ``(h, w)`` uint8: 0 background, `RIGHT`, `LEFT`; every pixel of the mask has a label.
    """
    turned = left_at in ("bottom", "top")
    if turned:
        mask, components = np.ascontiguousarray(mask.T), None
    labels = _label_by_columns(mask, find_components(mask) if components is None else components)
    if left_at in ("left", "top"):
        labels = np.array([0, LEFT, RIGHT], np.uint8)[labels]
    return np.ascontiguousarray(labels.T) if turned else labels


class Labelled(NamedTuple):
    """The labels of the lungs.

    Attributes:
        labels: ``(h, w)`` uint8 as of `label_lungs`.
        sides_from: The source of right and left.
        doubts: Doubts about the sides.
    """

    labels: NDArray[np.uint8]
    sides_from: SidesFrom
    doubts: tuple[Doubt, ...]


def label_by_file(mask: NDArray[np.bool_], sides: Sides, components: Components | None = None) -> Labelled:
    """Label the right and the left lung with the sides that the image's file states (see `label_lungs`).

    A single lung gets the side that the file says is shown, wherever it is in the image.

    Args:
        mask: ``(h, w)`` bool at the network's resolution.
        sides: What the file says about right and left.
        components: Those of the mask, to save time if they are known.
    """
    labels = label_lungs(mask, left_at=sides.left_at, components=components)
    found = [side for side in (RIGHT, LEFT) if (labels == side).any()]
    if sides.only is None or len(found) != 1:
        return Labelled(labels, sides.source, sides.doubts)
    shown = RIGHT if sides.only == "right" else LEFT
    doubts = sides.doubts if found == [shown] else (*sides.doubts, "sides_uncertain")
    return Labelled(mask.view(np.uint8) * np.uint8(shown), "image_laterality", doubts)


def _label_by_columns(mask: NDArray[np.bool_], components: Components) -> NDArray[np.uint8]:
    """Label the lungs of an image with the patient's left on its right."""
    if not len(components):
        return np.zeros(mask.shape, np.uint8)
    cut = find_neck(components.mask(0), components.boxes[0])
    if cut is not None:
        return np.where(cut, np.uint8(RIGHT), np.uint8(LEFT)) * mask.view(np.uint8)
    lungs = lungs_among(components)
    sides = _sides(components, lungs)
    if len(set(sides)) == 1:
        return mask.view(np.uint8) * np.uint8(sides[0])
    labels = np.zeros(mask.shape, np.uint8)
    for rank, side in zip(lungs, sides, strict=True):
        labels |= components.mask(rank).view(np.uint8) * np.uint8(side)
    return labels if len(components) == len(lungs) else _spread(labels, mask)


def measure(
    labels: NDArray[np.uint8],
    label: int,
    *,
    spacing_mm: tuple[float, float] | None = None,
    within: tuple[slice, slice] = (slice(None), slice(None)),
) -> Lung | None:
    """Measure area, box and centroid of one lung.

    Args:
        labels: ``(h, w)`` uint8 as of `label_lungs`.
        label: `RIGHT` or `LEFT`.
        spacing_mm: Pixel spacing ``(row, column)``; None leaves ``area_mm2`` None.
        within: Rows and columns that contain the whole lung, to save time.

    Returns:
        The lung, or None if ``labels`` has no such pixel.
    """
    lung = cv2.inRange(labels[within], label, label)
    x, y, width, height = cv2.boundingRect(lung)
    if not width:
        return None
    inside = lung[y : y + height, x : x + width]
    x, y = x + (within[1].start or 0), y + (within[0].start or 0)
    # Area and centroid follow from the sums along the two axes, ten times as fast as cv2.moments.
    columns, rows = (
        cv2.reduce(inside, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() // 255 for axis in (0, 1)
    )
    area = int(columns.sum())
    return Lung(
        area_px=area,
        area_mm2=None if spacing_mm is None else area * spacing_mm[0] * spacing_mm[1],
        box=(x, y, width, height),
        centroid=(
            x + float(columns @ np.arange(width)) / area,
            y + float(rows @ np.arange(height)) / area,
        ),
    )


def _sides(components: Components, lungs: tuple[int, ...]) -> tuple[int, ...]:
    middle = (components.labels.shape[1] - 1) / 2
    x = components.centroids[list(lungs), 0]
    by_midline = tuple(RIGHT if centre < middle else LEFT for centre in x)
    if len(lungs) == 1:
        return by_midline
    pieces_of_one = share_columns(*components.boxes[list(lungs)]) and len(set(by_midline)) == 1
    if pieces_of_one:
        return by_midline
    return (RIGHT, LEFT) if x[0] < x[1] else (LEFT, RIGHT)


def _spread(labels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the mask with each pixel labelled as the nearest labelled pixel."""
    right, left = (
        cv2.distanceTransform((labels != side).view(np.uint8), cv2.DIST_L2, 5) for side in (RIGHT, LEFT)
    )
    return np.where(right <= left, np.uint8(RIGHT), np.uint8(LEFT)) * mask.view(np.uint8)
