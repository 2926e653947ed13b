"""Round tubes along bent lines, drawn as the length that each ray spends inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .field import Field
from .levels import Array, Index

_SPONGE = 0.8
_SMALL = 32


@dataclass(frozen=True, slots=True)
class Tube:
    """A chain of cones.

    Attributes:
        points: ``(N, 2)``, x and z of its centre line, mm.
        radii: ``(N,)``, mm.
        wall: Thickness of its wall as a share of the radius; 1 for a solid one.
    """

    points: NDArray[np.float64]
    radii: NDArray[np.float64]
    wall: float = 1.0

    @classmethod
    def through(
        cls, points: Sequence[tuple[float, float]], *, radii: Sequence[float], sign: int, wall: float
    ) -> Self:
        """Make a smooth tube (Catmull-Rom) through points.

        Args:
            points: X and z of the centre line for positive x, mm; at least two.
            radii: One for each point, mm.
            sign: -1 mirrors the tube at x = 0, 1 does not.
            wall: Thickness of its wall as a share of the radius; 1 for a solid one.
        """
        knots = np.array(points) * (sign, 1)
        padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
        t = np.linspace(0, 1, 6, endpoint=False)[:, None]
        pieces = [
            b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
            for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False)
        ]
        line = np.vstack([*pieces, knots[-1:]])
        return cls(line, np.interp(np.arange(len(line)) / 6, np.arange(len(knots)), radii), wall)


def draw_bone(canvas: Array, tube: Tube, field: Field) -> None:
    """Add the bone along each ray: the wall of a tube and part of its core.

    Args:
        canvas: ``(height, width)``, mm; it is changed.
        tube: The bone.
        field: Where the pixels are.
    """
    low, high = _reach(field.pixels(tube.points), tube.radii / field.pitch)
    left, top = np.maximum(low.min(axis=0), 0)
    right, bottom = np.minimum(high.max(axis=0), (field.width, field.height))
    if left >= right or top >= bottom:
        return
    outer = np.zeros((bottom - top, right - left), np.float32)
    core = np.zeros_like(outer)
    draw_solid(outer, [tube], field, corner=(left, top))
    draw_solid(core, [Tube(tube.points, tube.radii * (1 - tube.wall))], field, corner=(left, top))
    canvas[top:bottom, left:right] += outer - _SPONGE * core


def draw_solid(
    canvas: Array, tubes: Sequence[Tube], field: Field, *, corner: tuple[int, int] = (0, 0)
) -> None:
    """Raise pixels to the length of tubes along each ray, if that is more.

    A tube thinner than a pixel is drawn a pixel wide and thinned in the same measure, so that it is not
    lost between rays.

    Args:
        canvas: ``(height, width)``, mm; it is changed.
        tubes: The tubes.
        field: Where the pixels of the whole image are.
        corner: Column and row of the canvas's first pixel in the image, of which it may be a part.
    """
    points = field.pixels(np.vstack([tube.points for tube in tubes])) - corner
    radii = np.concatenate([tube.radii for tube in tubes]) / field.pitch
    ends = np.cumsum([len(tube.points) for tube in tubes])
    first = np.setdiff1d(np.arange(len(points) - 1), ends[:-1] - 1)
    shown = np.maximum(radii, 0.7)
    cones = np.column_stack(
        [
            points[first],
            points[first + 1] - points[first],
            shown[first],
            shown[first + 1] - shown[first],
            np.square(radii / shown)[first] * 2 * field.pitch,
        ]
    ).astype(np.float32)
    low, high = _reach(points, shown)
    low, high = low[first], high[first]
    size = (2 ** np.ceil(np.log2((high - low).max(axis=1)))).astype(int)
    seen = (high > 0).all(axis=1) & (low < canvas.shape[::-1]).all(axis=1)
    for cone, (left, top), (right, bottom) in zip(
        *(values[seen & (size > _SMALL)] for values in (cones, low, high)), strict=True
    ):
        left, top = max(left, 0), max(top, 0)
        part = canvas[top:bottom, left:right]
        rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        np.maximum(part, _lengths(cone, columns, rows), out=part)
    for side in np.unique(size[seen & (size <= _SMALL)]):
        alike = seen & (size == side)
        _raise_alike(canvas, cones[alike], low[alike], int(side))


def _reach(points: NDArray[np.float64], radii: NDArray[np.float64]) -> tuple[Index, Index]:
    """Return the pixel range (column, row) that the cone from each point to the next can reach."""
    reach = np.maximum(radii, np.append(radii[1:], 0))[:, None]
    following = np.vstack([points[1:], points[-1:]])
    low = np.floor(np.minimum(points, following) - reach).astype(np.intp)
    return low, np.ceil(np.maximum(points, following) + reach).astype(np.intp) + 1


def _lengths(cone: Array, columns: Index, rows: Index) -> Array:
    """Lengths of the rays inside cones, each given by point, direction, radius, its growth and a factor."""
    x0, y0, dx, dy, r0, dr, factor = cone
    x, y = columns.astype(np.float32) - x0, rows.astype(np.float32) - y0
    along = np.clip((x * dx + y * dy) / np.maximum(dx * dx + dy * dy, 1e-6), 0, 1)
    square = np.square(x - along * dx) + np.square(y - along * dy)
    lengths: Array = factor * np.sqrt(np.maximum(np.square(r0 + along * dr) - square, 0))
    return lengths


def _raise_alike(canvas: Array, cones: Array, corners: Index, side: int) -> None:
    """Draw many small cones ``(N, 7)``, each in a square of ``side`` pixels from its corner ``(N, 2)``."""
    columns = corners[:, 0, None, None] + np.arange(side)[None, None, :]
    rows = corners[:, 1, None, None] + np.arange(side)[None, :, None]
    lengths = _lengths(cones.T[:, :, None, None], columns, rows)
    height, width = canvas.shape
    inside = (lengths > 0) & (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    np.maximum.at(canvas.reshape(-1), (rows * width + columns)[inside], lengths[inside])
