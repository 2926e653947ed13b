"""The radiograph within an image."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..radiograph import Box, Grey
from .background import PLAIN, Field, Levels, find_fields, from_each_side
from .edges import refine, straight_edge

_SIDE = 256
"""Pixels of the square in which margins are looked for."""

_NESTED = 4
"""Margins within margins that are looked for: a black mount on a white page in a window."""

_FRAME = 3
"""Lines of a frame around a margin, at most."""

_BLACK, _DARK = 20.0, 64.0
"""Levels of 255 below which a margin looks like a collimator's shadow, or like the air about a body."""

_WORTH = 0.055
"""Share of the height or the width that margins take, or they are not worth cutting."""

_WORTH_IF_DARK = 0.1
"""The same for dark ones."""

_COLLIMATED = (0.36, 0.28, 0.42)
"""Shares of the height, the width and the area that a collimator shades at most: the network knows such radiographs."""

_LEAST = 0.1
"""Share of the height and the width that a picture has at least."""

_RIVAL = 0.3
"""Share of the largest block's ink from which another block is a picture too, and not text."""

_GAP = 2
"""Plain lines that part a picture from what is beside it, at least."""


class Region(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the last not included."""

    top: int
    bottom: int
    left: int
    right: int

    def within(self, outer: Region) -> Region:
        """This region of a region, in the coordinates of the whole."""
        return Region(
            outer.top + self.top, outer.top + self.bottom, outer.left + self.left, outer.left + self.right
        )

    def of(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """The part of ``(H, W)`` that lies in it."""
        return array[self.top : self.bottom, self.left : self.right]


def find_picture(pixels: Grey) -> Box | None:
    """Find the radiograph within plain margins.

    A margin is an even field along the sides of the image, of any grey value, which the picture ends along a straight edge. Black
    ones count only where they take more than collimation does. Text, lines and marks in the margins are cut with them.

    Args:
        pixels: ``(H, W)`` uint8 or uint16.

    Returns:
        x, y, width and height of the picture in pixels; None where there is no margin, or none worth cutting.
    """
    small = _reduced(pixels)
    region = whole = Region(0, small.shape[0], 0, small.shape[1])
    for _ in range(_NESTED):
        # A thin frame may lie around it all.
        inside = Region(
            region.top + _FRAME, region.bottom - _FRAME, region.left + _FRAME, region.right - _FRAME
        )
        for outer in (region, inside):
            inner = _within_margin(outer.of(small))
            if inner is not None:
                region = inner.within(outer)
                break
        else:
            break
    return None if region == whole else _at_full_size(pixels, region, small.shape)


def _reduced(pixels: Grey) -> Levels:
    """At most `_SIDE` pixels a side, stretched to a square."""
    height, width = pixels.shape
    # Averaging every pixel of a large image takes longer than all the rest, and sharpens no edge.
    sampled = pixels[:: max(1, height // (2 * _SIDE)), :: max(1, width // (2 * _SIDE))]
    size = (min(width, _SIDE), min(height, _SIDE))
    return cv2.resize(np.ascontiguousarray(sampled), size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _within_margin(values: Levels) -> Region | None:
    low, high = float(values.min()), float(values.max())
    if min(values.shape) < 16 or high - low < 1:
        return None
    levels = (values - low) * np.float32(255 / (high - low))
    for field in find_fields(levels, _WORTH / 2):
        region = _picture_on(field)
        if region is not None:
            return region
    return None


def _picture_on(field: Field) -> Region | None:
    height, width = field.plain.shape
    block = _largest_block(field)
    if block.bottom - block.top < _LEAST * height or block.right - block.left < _LEAST * width:
        return None
    if field.level < _BLACK:
        # A body in black air has no straight edges: size decides.
        lost_rows = 1 - (block.bottom - block.top) / height
        lost_columns = 1 - (block.right - block.left) / width
        lost = 1 - (1 - lost_rows) * (1 - lost_columns)
        return block if any(a > b for a, b in zip((lost_rows, lost_columns, lost), _COLLIMATED)) else None
    depths = (block.top, height - block.bottom, block.left, width - block.right)
    across = (slice(block.left, block.right), slice(block.top, block.bottom))
    top, bottom, left, right = (
        straight_edge(plain[:, across[side // 2]], ink[:, across[side // 2]], depth) or 0 if depth else 0
        for side, (plain, ink, depth) in enumerate(
            zip(from_each_side(field.plain), from_each_side(field.ink), depths)
        )
    )
    worth = _WORTH_IF_DARK if field.level < _DARK else _WORTH
    if top + bottom < worth * height and left + right < worth * width:
        return None
    return Region(top, height - bottom, left, width - right)


def _largest_block(field: Field) -> Region:
    """Cut along plain rows and columns by turns, keeping the part with the most ink (an X-Y cut)."""
    height, width = field.plain.shape
    region = Region(0, height, 0, width)
    while True:
        rows = slice(region.left, region.right)
        top, bottom = _largest_run(field.plain[:, rows], field.ink[:, rows], region.top, region.bottom)
        columns = slice(top, bottom)
        left, right = _largest_run(field.plain[columns].T, field.ink[columns].T, region.left, region.right)
        smaller = Region(top, bottom, left, right)
        if smaller == region or top == bottom or left == right:
            return smaller
        region = smaller


def _largest_run(plain, ink, first: int, last: int) -> tuple[int, int]:
    """First and last line of those, between two, that are parted from others by plain lines and have the most ink."""
    full = first + np.flatnonzero(plain[first:last].mean(axis=1) < PLAIN)
    if not len(full):
        return first, first
    parted = np.flatnonzero(np.diff(full) > _GAP)
    starts = full[np.concatenate([[0], parted + 1])]
    ends = full[np.concatenate([parted, [len(full) - 1]])] + 1
    weights = np.array([np.count_nonzero(ink[a:b]) for a, b in zip(starts, ends)])
    rivals = np.flatnonzero(weights >= _RIVAL * weights.max())
    return int(starts[rivals[0]]), int(ends[rivals[-1]])


def _at_full_size(pixels: Grey, region: Region, shape) -> Box:
    (height, width), (rows, columns) = pixels.shape, shape
    by_row, by_column = height / rows, width / columns
    top, bottom = round(region.top * by_row), round(region.bottom * by_row)
    left, right = round(region.left * by_column), round(region.right * by_column)
    reach = (2 * by_row, 2 * by_row, 2 * by_column, 2 * by_column)
    depths = (top, height - bottom, left, width - right)
    across = (slice(left, right), slice(top, bottom))
    top, bottom, left, right = (
        refine(lines[:, across[side // 2]], depth, round(reach[side])) if depth else 0
        for side, (lines, depth) in enumerate(zip(from_each_side(pixels), depths))
    )
    return left, top, width - right - left, height - bottom - top
