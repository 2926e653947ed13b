"""Detection of the radiograph inside the margins of an image."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..radiograph import Box, Grey
from .background import Field, Levels, find_fields, from_each_side
from .blocks import Region, largest_block
from .edges import NO_EDGE, refine, straight_edge

_SIDE = 256
"""Side in pixels of the square in which margins are searched for."""

_NESTED = 4
"""The number of nested margins that are searched for: a black mount on a white page in a window."""

_FRAME = 3
"""The most lines of a frame around a margin."""

_SMALLEST = 16
"""The least pixels of a picture's shorter side."""

_LEAST = 0.1
"""The least share of height and width of a picture."""

_STRAIGHT = 0.5
"""Mean share of a picture's sides along which they are straight, at least."""

_BLACK, _DARK = 20.0, 64.0
"""Levels of 255 below which a margin may be a collimator's shadow, or the air around a body."""

_WORTH, _WORTH_IF_DARK = 0.055, 0.1
"""The least share of height or width of margins that are cut."""

_COLLIMATED = (0.36, 0.28, 0.42)
"""The most height, width and area, as shares, of a collimator's shadow, which the training set contains."""

_SHADES, _FEW, _IN_FEW = 64, 3, 0.75
"""Number of shades, number of the most frequent ones, and the most pixels that these have, as a share.

The most in a radiograph was 0.52."""


def find_picture(pixels: Grey) -> Box | None:
    """Find the radiograph within plain margins.

    A margin is a uniform field along the sides of the image, of any grey value, with a straight edge at the
    picture. A black field without such an edge on all four sides is a margin only if it is larger than a
    collimator's shadow. Text, lines and marks in a margin belong to it.

    Args:
        pixels: ``(H, W)`` uint8 or uint16.

    Returns:
        X, y, width and height of the picture in pixels; None if there is no margin, or only a small one.
    """
    region = Region.whole(pixels)
    small = _reduced(pixels)
    searched = Region.whole(small)
    for _ in range(_NESTED):
        found = _within_margin(searched.of(small))
        if found is None:
            break
        inner = _at_full_size(region.of(pixels), found.within(searched), small).within(region)
        if min(inner.height, inner.width) < _SMALLEST:
            break
        small = _reduced(inner.of(pixels))
        # The outermost line may be partly margin.
        searched = Region.whole(small).inset(1)
        if not _has_shades(searched.of(small)):
            break
        region = inner
    if region == Region.whole(pixels):
        return None
    return region.left, region.top, region.width, region.height


def _reduced(pixels: NDArray[Any]) -> Levels:
    """Reduce an image to at most `_SIDE` pixels a side; the aspect ratio is not kept."""
    height, width = pixels.shape
    # Averaging all pixels of a large image would take longer than the rest without sharper edges.
    sampled = pixels[:: max(1, height // (2 * _SIDE)), :: max(1, width // (2 * _SIDE))]
    size = (min(width, _SIDE), min(height, _SIDE))
    small = cv2.resize(np.ascontiguousarray(sampled), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _within_margin(values: Levels) -> Region | None:
    if min(values.shape) < _SMALLEST:
        return None
    low, high = float(values.min()), float(values.max())
    if high - low < 1:
        return None
    levels = (values - low) * np.float32(255 / (high - low))
    fields = tuple(find_fields(levels, least=_WORTH / 2))
    if fields:
        return next(filter(None, map(_picture_on, fields)), None)
    # A thin frame may lie around the margin.
    inside = Region.whole(levels).inset(_FRAME)
    framed = find_fields(inside.of(levels), least=_WORTH / 2)
    found = next(filter(None, map(_picture_on, framed)), None)
    return None if found is None else found.within(inside)


def _picture_on(field: Field) -> Region | None:
    height, width = field.plain.shape
    block = largest_block(field)
    if block.height < _LEAST * height or block.width < _LEAST * width:
        return None
    depths = (block.top, height - block.bottom, block.left, width - block.right)
    rows, columns = slice(block.top, block.bottom), slice(block.left, block.right)
    sides = zip(
        from_each_side(field.plain),
        from_each_side(field.ink),
        (columns, columns, rows, rows),
        depths,
        strict=True,
    )
    found = [
        straight_edge(plain[:, along], ink[:, along], depth) if depth else NO_EDGE
        for plain, ink, along, depth in sides
    ]
    straight = [edge.straight for edge in found if edge.line]
    # Lungs on an even ground are blunt on every side: what is straight for a stretch only needs sides
    # that are straighter.
    edges = [edge.line for edge in found] if straight and np.mean(straight) >= _STRAIGHT else [0] * len(found)
    worth_rows = worth_columns = _WORTH_IF_DARK if field.level < _DARK else _WORTH
    worth_area = 1.0
    if field.level < _BLACK and not all(edges):
        edges = [edge or depth for edge, depth in zip(edges, depths, strict=True)]
        worth_rows, worth_columns, worth_area = _COLLIMATED
    top, bottom, left, right = edges
    lost_rows, lost_columns = (top + bottom) / height, (left + right) / width
    lost_area = 1 - (1 - lost_rows) * (1 - lost_columns)
    if lost_rows < worth_rows and lost_columns < worth_columns and lost_area < worth_area:
        return None
    return Region(top, height - bottom, left, width - right)


def _has_shades(values: NDArray[Any]) -> bool:
    """Return whether this has many grey values, as a radiograph; text and drawings have few."""
    if not values.size:
        return False
    counts, _ = np.histogram(values, _SHADES)
    return bool(np.sort(counts)[-_FEW:].sum() <= _IN_FEW * values.size)


def _at_full_size(pixels: NDArray[Any], region: Region, small: Levels) -> Region:
    by_row, by_column = (full / reduced for full, reduced in zip(pixels.shape, small.shape, strict=True))
    top, bottom = round(region.top * by_row), round(region.bottom * by_row)
    left, right = round(region.left * by_column), round(region.right * by_column)
    height, width = pixels.shape
    sides = zip(
        from_each_side(pixels),
        (slice(left, right), slice(left, right), slice(top, bottom), slice(top, bottom)),
        (top, height - bottom, left, width - right),
        (by_row, by_row, by_column, by_column),
        strict=True,
    )
    top, bottom, left, right = (
        refine(lines[:, along], depth, reach=round(2 * step)) if depth else 0
        for lines, along, depth, step in sides
    )
    return Region(top, height - bottom, left, width - right)
