"""Detection of the uniform field of a margin, from the sides of an image inwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float32]
"""Grey values ``(h, w)`` of an image at a reduced size, scaled to 0 to 255."""

PLAIN = 0.9
"""The least share of a plain line's pixels that have the margin's grey value; the rest may be sparse text."""

_RING = 2
"""The number of lines along each side at which the search begins."""

_TOLERANCE = (2.0, 16.0)
"""The difference in levels between a plain pixel and the field: without noise, and at most."""

_ALIKE = 2 * _TOLERANCE[1]
"""The difference in levels between two sides, or two ends of a side, of one field."""

_FOLLOWED = 6
"""The number of fits of a field, each over more lines."""

_DEEP = 4
"""The least depth, in every other line, for a fit of the gradient across lines."""

_SAMPLES = 2000
"""The approximate number of pixels to which a field is fitted."""

_SOLID = 5
"""Side of a square in pixels that text does not fill with ink."""

_STEP = 16.0
"""The least difference in levels between the picture and the field."""


class Field(NamedTuple):
    """The grey values of a margin, which may have a linear gradient.

    Attributes:
        level: The mean along the sides.
        plain: ``(h, w)`` bool, pixels with these values.
        ink: ``(h, w)`` bool, pixels with clearly different values.
        solid: ``(h, w)`` bool, ink surrounded by ink: pictures are solid, text is not.
    """

    level: float
    plain: NDArray[np.bool_]
    ink: NDArray[np.bool_]
    solid: NDArray[np.bool_]


def from_each_side(array: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return views of ``(h, w)`` whose first line is the outermost at the top, bottom, left and right."""
    return array, array[::-1], array.T, array.T[::-1]


def find_fields(levels: Levels, least: float) -> Iterator[Field]:
    """Yield possible margins, those that several sides have in common first.

    Args:
        levels: The image.
        least: The least share of the height or width that margins take.
    """
    medians = {}
    for side, lines in enumerate(from_each_side(levels)):
        ring = lines[:_RING]
        median = _median(ring)
        if (np.abs(ring - median) <= _TOLERANCE[1]).mean() >= PLAIN:
            medians[side] = median
    together = {
        tuple(side for side in medians if abs(medians[side] - medians[seed]) <= _ALIKE) for seed in medians
    }
    alone = {(side,) for side in medians}
    for sides in (*sorted(together, key=len, reverse=True), *sorted(alone - together)):
        field = _follow(levels, sides, least)
        if field is not None:
            yield field


def _median(levels: Levels) -> float:
    """Return the median of few values in half of `numpy.median`'s time."""
    values = levels.ravel()
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    parted = np.partition(values, (middle - 1, middle))
    return float((parted[middle - 1] + parted[middle]) / 2)


def _follow(levels: Levels, sides: tuple[int, ...], least: float) -> Field | None:
    """Fit a plane to the outermost lines of some sides, then repeatedly to all lines that fit it."""
    # Every other pixel suffices for a uniform field, in a quarter of the time.
    coarse = levels[::2, ::2]
    height, width = coarse.shape
    outermost = [from_each_side(levels)[side][:_RING] for side in sides]
    mean = float(np.mean([_median(lines) for lines in outermost]))
    depths = dict.fromkeys(sides, 1)
    off, tolerance = np.abs(coarse - np.float32(mean)), _ALIKE
    for _ in range(_FOLLOWED):
        taken = np.zeros(coarse.shape, bool)
        into, of = from_each_side(taken), from_each_side(off)
        for side, depth in depths.items():
            into[side][:depth] = of[side][:depth] <= tolerance
        at = np.flatnonzero(taken)
        rows, columns = np.divmod(at[:: max(1, len(at) // _SAMPLES)], width)
        values = coarse[rows, columns]
        design = np.stack([np.ones(len(rows)), rows / height - 0.5, columns / width - 0.5], axis=1)
        known = _known_terms(depths)
        plane = np.zeros(3)
        plane[known] = np.linalg.lstsq(design[:, known], values, rcond=None)[0]
        noise = 1.4826 * float(np.median(np.abs(values - design @ plane)))
        tolerance = float(np.clip(_TOLERANCE[0] + 3 * noise, *_TOLERANCE))
        off = np.abs(coarse - _plane_at(plane, coarse.shape))
        of = from_each_side(off)
        found = {side: _depth(of[side], tolerance, 4 * depth) for side, depth in depths.items()}
        if found == depths:
            break
        depths = found
    top, bottom, left, right = (depths.get(side, 0) for side in range(4))
    if top + bottom < least * height and left + right < least * width:
        return None
    off = np.abs(levels - _plane_at(plane, levels.shape))
    ink = off > max(1.5 * tolerance, _STEP)
    solid = cv2.morphologyEx(ink.view(np.uint8), cv2.MORPH_OPEN, np.ones((_SOLID, _SOLID), np.uint8))
    return Field(mean, off <= tolerance, ink, solid > 0)


def _plane_at(plane: NDArray[np.float64], shape: tuple[int, ...]) -> Levels:
    """Evaluate a plane (level, gain over all rows, gain over all columns) on an array of ``shape``."""
    rows, columns = (np.arange(size, dtype=np.float32) / size - np.float32(0.5) for size in shape)
    level, over_rows, over_columns = (np.float32(term) for term in plane)
    return np.asarray((level + over_rows * rows)[:, None] + over_columns * columns, np.float32)


def _known_terms(depths: dict[int, int]) -> list[int]:
    """Return the terms of a plane (level, gain over rows, over columns) that these sides determine."""
    top, bottom, left, right = (depths.get(side, 0) for side in range(4))
    deep = max(depths.values()) >= _DEEP
    over_rows = deep or left or right or (top and bottom)
    over_columns = deep or top or bottom or (left and right)
    return [0, *([1] if over_rows else []), *([2] if over_columns else [])]


def _depth(off: Levels, tolerance: float, most: int) -> int:
    """Return the number of plain outermost lines, given each pixel's distance ``off`` the field."""
    plain = (off[:most] <= tolerance).mean(axis=1) >= PLAIN
    return max(1, len(plain) if plain.all() else int(plain.argmin()))
