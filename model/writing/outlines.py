"""The outlines of a mask as polygons between its pixels and the background."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
"""``(n, 2)`` x, y in pixels from the image's upper left corner; the first pixel's centre is (0.5, 0.5).

The first point is not repeated at the end."""


_BAND = 1_000_000
"""Pixels that contourpy processes at a time."""


class Outline(NamedTuple):
    """The outer ring of one component (4-connectivity), and one ring for each hole.

    With y upwards, outer rings run counter-clockwise and holes clockwise.
    """

    outer: Ring
    holes: list[Ring]


def trace(mask: NDArray[np.bool_]) -> list[Outline]:
    """Return the outlines of ``mask`` ``(h, w)`` bool, the longest first.

    The method is marching squares (contourpy) at the level 0.5: the rings pass midway between the centres of
    neighbouring pixels, so that the pixel centres inside the rings are exactly those of the mask. Corners are
    cut by half a pixel. Points on a straight line are omitted.
    """
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return []
    inside = mask[y : y + height, x : x + width]
    outers: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = defaultdict(list)
    for component, ring in _by_component(_rings(inside), inside):
        if _area(ring) > 0:
            outers[component] = ring
        else:
            holes[component].append(ring)
    # contourpy's coordinates are relative to pixel centres, half a pixel from the corners.
    corner = np.array([x + 0.5, y + 0.5])
    outlines = [
        Outline(_corners(ring) + corner, [_corners(hole) + corner for hole in holes[component]])
        for component, ring in outers.items()
    ]
    return sorted(outlines, key=lambda outline: -len(outline.outer))


def _rings(mask: NDArray[np.bool_]) -> list[Ring]:
    """Return the contours of ``mask`` as x, y; pixel centres have integer coordinates.

    contourpy needs about 28 bytes per pixel, so it processes bands of rows; the cut lines are joined.
    """
    from contourpy import LineType, contour_generator

    height, width = mask.shape
    rows = max(1, _BAND // width)
    rings: list[Ring] = []
    pieces: dict[tuple[float, float], Ring] = {}
    for top in range(-1, height, rows):
        bottom = min(top + rows, height)
        # The last row of a band is the first row of the next. The mask is padded with background.
        z = np.zeros((bottom - top + 1, width + 2))
        band = mask[max(top, 0) : bottom + 1]
        first = max(top, 0) - top
        z[first : first + len(band), 1:-1] = band
        for line in contour_generator(z=z, line_type=LineType.Separate).lines(0.5):
            line = line + np.array((-1, top))
            if np.array_equal(line[0], line[-1]):
                rings.append(line[:-1])
            else:
                pieces[line[0, 0], line[0, 1]] = line
    while pieces:
        _, line = pieces.popitem()
        parts = [line]
        while not np.array_equal(parts[-1][-1], line[0]):
            parts.append(pieces.pop((parts[-1][-1, 0], parts[-1][-1, 1])))
        rings.append(np.concatenate([part[:-1] for part in parts]))
    return rings


def _by_component(rings: list[Ring], mask: NDArray[np.bool_]) -> Iterator[tuple[int, Ring]]:
    """Yield each ring with the number of its component."""
    if all(_area(ring) > 0 for ring in rings):
        # Without holes each ring is a component.
        yield from enumerate(rings)
        return
    _, components = cv2.connectedComponents(mask.view(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    for ring in rings:
        # Each point is midway between a pixel of the mask and one of the background.
        x, y = ring[0]
        one, other = (int(np.floor(y)), int(np.floor(x))), (int(np.ceil(y)), int(np.ceil(x)))
        inside = one if min(one) >= 0 and mask[one] else other
        yield int(components[inside]), ring


def _area(ring: Ring) -> float:
    """Return the area of a ring, positive if it runs counter-clockwise."""
    x, y = ring[:, 0], ring[:, 1]
    return float(x @ np.roll(y, -1) - np.roll(x, -1) @ y)


def _corners(ring: Ring) -> Ring:
    """Return the corners of a ring."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turns: NDArray[np.bool_] = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    corners: Ring = ring[turns]
    return corners
