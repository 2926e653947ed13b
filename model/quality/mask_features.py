"""Mask features: size, number, symmetry and position of the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL_SIDE = 20
"""Side of the thumbnail of `mask_thumbnail`, in pixels."""

_BORDER = 0.01
"""Distance from the edge, as a share of the image's side, up to which a mask touches the edge.

The network seldom finds lung in the outermost pixels."""

_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class MaskFeatures:
    """Features of a mask; lengths are relative to the image's width or height, areas to its area.

    Attributes:
        area: Area of all lungs.
        lungs: Number of lungs: 0, 1 or 2.
        balance: The smaller lung's area over the larger's; 0 for a single lung.
        solidity: The lungs' least ratio of area to area of the convex hull.
        contact: Share of the top, bottom, left and right edge of the image that the mask touches.
        box: Left, top, width and height of the box around all lungs.
        gap: Distance from the right edge of the lung on the left to the left edge of the other; negative if
            they overlap.
        level: Overlap of the two lungs' rows over the rows of both.
        slant: How much lower the centroid of the lung on the image's right is.
        elongation: Mean of the lungs' relative height over relative width.
        roughness: Squared ratio of the outline's length to that of a circle of the same area.
        symmetry: IoU of the mask with its mirror image about the middle of its box.
    """

    area: float
    lungs: int
    balance: float
    solidity: float
    contact: tuple[float, float, float, float]
    box: tuple[float, float, float, float]
    gap: float
    level: float
    slant: float
    elongation: float
    roughness: float
    symmetry: float


def measure_mask(labels: NDArray[np.uint8]) -> MaskFeatures:
    """Compute the features of labels ``(h, w)`` uint8: 0 background, 1 right lung, 2 left lung."""
    height, width = labels.shape
    mask = (labels > 0).astype(np.uint8)
    size = float(height * width)
    lungs = [one for side in (1, 2) if (one := _Lung.of(labels == side)) is not None]
    if not lungs:
        zeros = (0.0, 0.0, 0.0, 0.0)
        return MaskFeatures(0.0, 0, 0.0, 0.0, zeros, zeros, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    left, top = min(one.left for one in lungs), min(one.top for one in lungs)
    right, bottom = max(one.right for one in lungs), max(one.bottom for one in lungs)
    areas = sorted(one.area for one in lungs)
    inside = np.ascontiguousarray(mask[top:bottom, left:right])
    shared = cv2.countNonZero(cv2.bitwise_and(inside, cv2.flip(inside, 1)))
    perimeter = float(cv2.countNonZero(cv2.subtract(mask, cv2.erode(mask, _SQUARE))))
    gap = level = slant = 0.0
    if len(lungs) == 2:
        first, second = sorted(lungs, key=lambda one: one.x)
        gap = (second.left - first.right) / width
        overlap = min(first.bottom, second.bottom) - max(first.top, second.top)
        level = max(0, overlap) / (bottom - top)
        slant = (second.y - first.y) / height
    return MaskFeatures(
        area=sum(areas) / size,
        lungs=len(lungs),
        balance=areas[0] / areas[1] if len(lungs) == 2 else 0.0,
        solidity=min(one.solidity for one in lungs),
        contact=_contact(mask),
        box=(left / width, top / height, (right - left) / width, (bottom - top) / height),
        gap=gap,
        level=level,
        slant=slant,
        elongation=float(
            np.mean([(one.bottom - one.top) / height / ((one.right - one.left) / width) for one in lungs])
        ),
        roughness=perimeter**2 / (4 * np.pi * sum(areas)),
        symmetry=shared / (2 * cv2.countNonZero(inside) - shared),
    )


def _contact(mask: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    rows, columns = (max(1, round(_BORDER * side)) for side in mask.shape)
    return (
        _share_touched(mask[:rows], 0),
        _share_touched(mask[-rows:], 0),
        _share_touched(mask[:, :columns], 1),
        _share_touched(mask[:, -columns:], 1),
    )


def _share_touched(strip: NDArray[np.uint8], axis: int) -> float:
    """Return the share of the lines across a strip that contain lung."""
    lines = cv2.reduce(strip, axis, cv2.REDUCE_MAX)
    return cv2.countNonZero(lines) / lines.size


def mask_thumbnail(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a thumbnail of the mask's box, flattened.

    Args:
        labels: ``(h, w)`` uint8 as of `label_lungs`.

    Returns:
        ``(THUMBNAIL_SIDE²,)`` float32 in 0..1; zeros if the mask is empty.
    """
    mask = (labels > 0).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return np.zeros(THUMBNAIL_SIDE**2, np.float32)
    inside = mask[y : y + height, x : x + width].astype(np.float32)
    small = cv2.resize(inside, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()


@dataclass(frozen=True, slots=True)
class _Lung:
    """Measures of one lung in pixels; right and bottom are the first column and row beyond it."""

    area: float
    left: int
    top: int
    right: int
    bottom: int
    x: float
    y: float
    solidity: float

    @staticmethod
    def of(mask: NDArray[np.bool_]) -> _Lung | None:
        pixels = mask.astype(np.uint8)
        x, y, width, height = cv2.boundingRect(pixels)
        if not width:
            return None
        inside = pixels[y : y + height, x : x + width]
        moments = cv2.moments(inside, binaryImage=True)
        area = moments["m00"]
        contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        hull = cv2.convexHull(np.concatenate(contours))
        filled = np.zeros_like(inside)
        cv2.fillConvexPoly(filled, hull, 1)
        return _Lung(
            area,
            x,
            y,
            x + width,
            y + height,
            x + moments["m10"] / area,
            y + moments["m01"] / area,
            area / np.count_nonzero(filled),
        )
