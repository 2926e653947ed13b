"""Detection of the straight edge between margin and picture, at a reduced size and then at full size."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_STRAIGHT = 0.35
"""The least share of a side with a step; a body that fades into saturation or air has no such edge."""

_SLOPES = np.tan(np.radians([0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6]))
"""The slopes of edges in a tilted scan."""

_SEARCHED = 30
"""The number of lines beyond the plain ones that are searched for a tilted edge."""

_WIDTH = 3 / 256
"""The width of an edge as a share of the side; if wider, the blunt end of a lung would count as straight."""

_BLUR = 3
"""The width in lines of a sharp edge at the reduced size."""

_PROFILE = 64
"""The number of segments of an edge that are analysed at full size."""


class Edge(NamedTuple):
    """Where a picture begins.

    Attributes:
        line: First line of the picture; 0 where it has no straight edge.
        straight: Share of the side along which it begins with a step.
    """

    line: int
    straight: float


NO_EDGE = Edge(0, 0.0)


def straight_edge(plain: NDArray[np.bool_], ink: NDArray[np.bool_], depth: int) -> Edge:
    """Find the line at which the picture begins with a step.

    Args:
        plain: ``(h, w)``, pixels with the margin's grey value; the first line is the outermost.
        ink: ``(h, w)``, pixels with a clearly different value.
        depth: The number of plain lines.
    """
    first = max(0, depth - _BLUR - 1)
    plain, searched = plain[first:], ink[first : depth + _SEARCHED]
    begins = searched.argmax(axis=0)
    at = np.flatnonzero(searched.any(axis=0) & (begins > 1))
    at = at[plain[np.maximum(begins[at] - _BLUR, 0), at]]
    begins = begins[at]
    width = max(1, round(_WIDTH * ink.shape[1]))
    best, edge = 0, 0
    for slope in _SLOPES if len(at) else ():
        offsets = np.round(begins - slope * at).astype(np.int64)
        lowest = int(offsets.min())
        counts = np.convolve(np.bincount(offsets - lowest), np.ones(width, np.int64), "same")
        # The upright edge is preferred unless a tilted one is clearly better.
        if counts.max() > 1.05 * best:
            best = int(counts.max())
            on_edge = begins[np.abs(offsets - lowest - int(counts.argmax())) <= 1]
            edge = int(np.median(on_edge)) if slope == 0 else int(on_edge.min())
    straight = best / ink.shape[1]
    return Edge(first + edge if straight >= _STRAIGHT else 0, straight)


def refine(pixels: NDArray[Any], line: int, reach: int) -> int:
    """Move an edge to where the grey values change.

    Args:
        pixels: ``(H, W)`` of the image along the edge; the first line is the outermost.
        line: The first line of the picture, plus or minus ``reach``.
        reach: The uncertainty in lines.

    Returns:
        The first line of the picture.
    """
    first, last = max(0, line - reach), min(len(pixels), line + reach)
    if reach < 2 or last - first < 2 * reach:
        return line
    lines = np.ascontiguousarray(pixels[first:last]).astype(np.float32)
    size = (min(lines.shape[1], _PROFILE), len(lines))
    strip = np.asarray(cv2.resize(lines, size, interpolation=cv2.INTER_AREA), np.float32)
    quarter = max(1, reach // 2)
    outside, inside = np.median(strip[:quarter], axis=0), np.median(strip[-quarter:], axis=0)
    step = np.abs(inside - outside)
    clear = step >= max(1.0, float(np.percentile(step, 50)))
    if not clear.any():
        return line
    profile = np.median((strip[:, clear] - outside[clear]) / (inside - outside)[clear], axis=1)
    return first + int((profile >= 0.5).argmax())
