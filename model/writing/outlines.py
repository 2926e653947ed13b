"""A mask's outlines as polygons that run between its pixels and those around them."""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
"""``(n, 2)`` x, y in pixels from the image's upper left corner, so that the first pixel's centre is (0.5, 0.5). Not closed: the
last point is joined to the first."""


class Outline(NamedTuple):
    """One component (4-connectivity: pixels that meet at a corner only are two): its outer ring, and one ring for each hole.

    Taken as numbers (x to the right, y upwards) outer rings run counter-clockwise and holes clockwise.
    """

    outer: Ring
    holes: list[Ring]


def trace(mask: NDArray[np.bool_]) -> list[Outline]:
    """The outlines of ``mask`` ``(h, w)`` bool, the longest first.

    Marching squares (contourpy) at half the step between background and lung: the rings pass midway between the centres of pixels on
    either side, and pixel centres inside the rings are exactly the mask's. Corners are cut by half a pixel. Points along a
    straight line are left out.
    """
    from contourpy import FillType, contour_generator

    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return []
    padded = np.pad(mask[y : y + height, x : x + width], 1).astype(np.float64)
    generator = contour_generator(z=padded, fill_type=FillType.OuterOffset)
    outlines = []
    for points, offsets in zip(*generator.filled(0.5, np.inf), strict=True):
        # contourpy's (0, 0) is the centre of the padding's first pixel, half a pixel outside the box's corner.
        moved = points + np.array([x - 0.5, y - 0.5])
        outer, *holes = (_corners(moved[start : stop - 1]) for start, stop in pairwise(offsets))
        outlines.append(Outline(outer, holes))
    return sorted(outlines, key=lambda outline: -len(outline.outer))


def _corners(ring: Ring) -> Ring:
    """The points at which a ring turns."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turns: NDArray[np.bool_] = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    corners: Ring = ring[turns]
    return corners
