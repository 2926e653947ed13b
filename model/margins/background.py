"""The even field that margins are: found along the sides of an image, followed inwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float32]
"""Grey values ``(h, w)`` of an image at a reduced size, spread over 0 to 255."""

PLAIN = 0.9
"""Share of a line's pixels that have the margin's grey value; the rest may be sparse text."""

_RING = 2
"""Lines along each side from which the search begins."""

_TOLERANCE = (2.0, 16.0)
"""Levels by which a plain pixel may differ from the field: where it has no noise, and at most."""

_ALIKE = 2 * _TOLERANCE[1]
"""Levels by which the margins of two sides, or two ends of a side, may differ and still be one field."""

_FOLLOWED = 6
"""Times that a field is fitted, each over more lines than before."""

_DEEP = 8
"""Lines that show how a field changes across them."""

_SAMPLES = 2000
"""Pixels to which a field is fitted, about."""

_STEP = 16.0
"""Levels by which the picture differs from the field, at least."""


class Field(NamedTuple):
    """A margin's grey values, which may change evenly over the image.

    Attributes:
        level: mean along the sides.
        plain: ``(h, w)`` bool, pixels that have them.
        ink: ``(h, w)`` bool, pixels that clearly do not.
    """

    level: float
    plain: NDArray[np.bool_]
    ink: NDArray[np.bool_]


def from_each_side(array: NDArray[np.generic]) -> tuple[NDArray[np.generic], ...]:
    """Views of ``(h, w)`` whose first line is the outermost one of the top, bottom, left and right."""
    return array, array[::-1], array.T, array.T[::-1]


def find_fields(levels: Levels, least: float) -> Iterator[Field]:
    """Find what may be margins: fields that several sides have in common come first.

    Args:
        levels: the image.
        least: share of the height or the width that the margins take.
    """
    medians = {}
    for side, lines in enumerate(from_each_side(levels)):
        ring = lines[:_RING]
        median = float(np.median(ring))
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


def _follow(levels: Levels, sides: tuple[int, ...], least: float) -> Field | None:
    """Fit a plane to the outermost lines of some sides, then to all lines that it explains, and so on inwards."""
    height, width = levels.shape
    y, x = (np.linspace(-0.5, 0.5, size, dtype=np.float32) for size in (height, width))
    depths = dict.fromkeys(sides, _RING)
    views = from_each_side(levels)
    mean = float(np.mean([np.median(views[side][:_RING]) for side in sides]))
    field, tolerance = np.full((1, 1), mean, np.float32), _ALIKE
    for _ in range(_FOLLOWED):
        taken = np.zeros(levels.shape, bool)
        off = np.abs(levels - field)
        for lines, within, side in zip(from_each_side(taken), from_each_side(off), range(4), strict=True):
            if side in depths:
                lines[: depths[side]] = within[: depths[side]] <= tolerance
        at = np.flatnonzero(taken)
        rows, columns = np.divmod(at[:: max(1, len(at) // _SAMPLES)], width)
        # Two lines say nothing of the direction across them.
        slopes = _known_slopes(depths)
        design = np.stack([np.ones(len(rows), np.float32), y[rows], x[columns]], axis=1)[:, slopes]
        values = levels[rows, columns]
        plane = np.zeros(3)
        plane[slopes] = np.linalg.lstsq(design.T @ design, design.T @ values, rcond=None)[0]
        field = (plane[0] + plane[1] * y[:, None] + plane[2] * x[None]).astype(np.float32)
        noise = 1.4826 * float(np.median(np.abs(values - field[rows, columns])))
        tolerance = float(np.clip(_TOLERANCE[0] + 3 * noise, *_TOLERANCE))
        off = np.abs(levels - field)
        found = {side: _depth(from_each_side(off)[side], tolerance, 4 * depths[side]) for side in sides}
        if found == depths:
            break
        depths = found
    top, bottom, left, right = (depths.get(side, 0) for side in range(4))
    if top + bottom < least * height and left + right < least * width:
        return None
    return Field(mean, off <= tolerance, off > max(1.5 * tolerance, _STEP))


def _known_slopes(depths: dict[int, int]) -> list[int]:
    """Which of a plane's terms (level, slope over rows, slope over columns) the lines of these sides determine."""
    top, bottom, left, right = (depths.get(side, 0) for side in range(4))
    deep = max(depths.values()) >= _DEEP
    over_rows = deep or left or right or (top and bottom)
    over_columns = deep or top or bottom or (left and right)
    return [0, *([1] if over_rows else []), *([2] if over_columns else [])]


def _depth(off: Levels, tolerance: float, most: int) -> int:
    """Lines from the outermost inwards that are plain, given how far each pixel is off the field."""
    plain = (off[:most] <= tolerance).mean(axis=1) >= PLAIN
    return max(_RING, len(plain) if plain.all() else int(plain.argmin()))
