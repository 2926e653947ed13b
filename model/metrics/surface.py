"""Surface distances between the outlines of two masks."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from .overlap import Mask, require_same_size

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

NSD_TOLERANCE = 1 / 200
"""The tolerance of the surface Dice as a share of the image's longest side.

It is 2 mm on a film of 40 cm, about the difference between two radiologists."""

MAX_OUTLINE = 250_000
"""The most outline pixels for which distances are computed.

Lungs at 10,000 × 10,000 pixels have some 50,000, noise has millions."""

TIMEOUT_S = 5.0
"""Seconds for the computation of distances.

Lungs take hundredths of a second; a ring around a cloud of noise would take minutes, because every pixel
of the ring may be the nearest."""

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_BLOCK = 1024
"""The number of pixels between two checks of the time."""

Points = NDArray[np.float64]
"""Rows and columns ``(n, 2)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """The distances between two outlines.

    They are None if a mask is empty, if an outline has more than `MAX_OUTLINE` pixels, or if the
    computation takes longer than `TIMEOUT_S`.

    The outline of a mask is the set of its pixels with one of their four neighbours outside the mask; the
    area beyond the image's edge is outside. Distances are Euclidean, between pixel centres, from each
    outline pixel of one mask to the nearest of the other.

    Attributes:
        hd95_px: The larger of the two directions' 95th percentiles, in pixels.
        assd_px: Average symmetric surface distance: the mean over the outline pixels of both masks, in
            pixels.
        nsd: Surface Dice: the share of both outlines' pixels within ``nsd_tolerance_px`` of the other
            outline.
        hd95_mm, assd_mm: The same in millimetres; also None if the spacing is unknown.
        nsd_tolerance_px: `NSD_TOLERANCE` of the image's longest side.
    """

    hd95_px: float | None = None
    assd_px: float | None = None
    nsd: float | None = None
    hd95_mm: float | None = None
    assd_mm: float | None = None
    nsd_tolerance_px: float


def surface(prediction: Mask, truth: Mask, *, spacing_mm: tuple[float, float] | None = None) -> Surface:
    """Compare the outlines of two masks.

    HD95 equals MONAI's `compute_hausdorff_distance` (Huttenlocher et al., 1993, with the 95th percentile
    instead of the maximum), ASSD its `compute_average_surface_distance` (symmetric), NSD its
    `compute_surface_dice` (Nikolov et al., arXiv:1809.04430).

    Args:
        prediction: ``(h, w)`` bool.
        truth: ``(h, w)`` bool, of the same size.
        spacing_mm: Pixel spacing ``(row, column)``.

    Raises:
        SizeMismatch: Their sizes differ.
    """
    require_same_size(prediction, truth)
    tolerance = NSD_TOLERANCE * max(truth.shape)
    nothing = Surface(nsd_tolerance_px=tolerance)
    if not (prediction.any() and truth.any()):
        return nothing
    drawn = _outline(prediction), _outline(truth)
    if max(map(cv2.countNonZero, drawn)) > MAX_OUTLINE:
        return nothing
    outlines = _points(drawn[0]), _points(drawn[1])
    deadline = monotonic() + TIMEOUT_S
    try:
        there, back = _distances(*outlines, deadline=deadline)
        hd95, assd = _hd95(there, back), _assd(there, back)
        hd95_mm = assd_mm = None
        if spacing_mm is not None:
            row, column = spacing_mm
            if row == column:
                hd95_mm, assd_mm = hd95 * row, assd * row
            else:
                scaled = [outline * np.array(spacing_mm) for outline in outlines]
                there_mm, back_mm = _distances(*scaled, deadline=deadline)
                hd95_mm, assd_mm = _hd95(there_mm, back_mm), _assd(there_mm, back_mm)
    except TimeoutError:
        return nothing
    return Surface(
        hd95_px=hd95,
        assd_px=assd,
        nsd=float((np.concatenate([there, back]) <= tolerance).mean()),
        hd95_mm=hd95_mm,
        assd_mm=assd_mm,
        nsd_tolerance_px=tolerance,
    )


def _outline(mask: Mask) -> NDArray[np.uint8]:
    """Return ``(h, w)``, 1 on the outline."""
    solid = mask.view(np.uint8)
    inner = cv2.erode(solid, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.not_equal(solid, inner).view(np.uint8)


def _points(drawn: NDArray[np.uint8]) -> Points:
    columns_and_rows = cv2.findNonZero(drawn).reshape(-1, 2)
    return columns_and_rows[:, ::-1].astype(np.float64)


def _distances(one: Points, other: Points, *, deadline: float) -> tuple[Points, Points]:
    """Return the distances ``(n,)`` from one set to the nearest points of the other, and back ``(m,)``.

    Raises:
        TimeoutError: The deadline has passed.
    """
    # Imported here because SciPy takes a third of the service's memory and is not needed for masks alone.
    from scipy.spatial import cKDTree

    return _nearest(one, cKDTree(other), deadline), _nearest(other, cKDTree(one), deadline)


def _nearest(points: Points, tree: cKDTree, deadline: float) -> Points:
    found = np.empty(len(points))
    for start in range(0, len(points), _BLOCK):
        if monotonic() > deadline:
            raise TimeoutError
        block = slice(start, start + _BLOCK)
        found[block], _ = tree.query(points[block])
    return found


def _hd95(there: Points, back: Points) -> float:
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def _assd(there: Points, back: Points) -> float:
    return float(np.concatenate([there, back]).mean())
