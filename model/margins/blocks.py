"""Separation of the picture from text and lines beside it, along the plain field between them."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from .background import PLAIN, Field

Array = TypeVar("Array", bound=NDArray[Any])

_RIVAL = 0.3
"""Share of the largest block's solid pixels from which another block is a picture and not text."""

_GAP = 2
"""The least number of plain lines between two blocks; fewer are part of a block."""


class Region(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the last not included."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def whole(cls, array: NDArray[np.generic]) -> Region:
        """Return the region of the whole array ``(H, W)``."""
        return cls(0, array.shape[0], 0, array.shape[1])

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.right - self.left

    def inset(self, lines: int) -> Region:
        """Return the region without ``lines`` lines along each side."""
        return Region(self.top + lines, self.bottom - lines, self.left + lines, self.right - lines)

    def within(self, outer: Region) -> Region:
        """Return this region, relative to ``outer``, in the coordinates of the whole."""
        return Region(
            outer.top + self.top, outer.top + self.bottom, outer.left + self.left, outer.left + self.right
        )

    def of(self, array: Array) -> Array:
        """Return the part of ``(H, W)`` in this region; empty if the region is empty."""
        rows = slice(max(0, self.top), max(0, self.bottom))
        return cast(Array, array[rows, max(0, self.left) : max(0, self.right)])


def largest_block(field: Field) -> Region:
    """Return the block with the most solid pixels of a recursive X-Y cut along plain rows and columns."""
    region, smaller = None, Region.whole(field.plain)
    while region != smaller and smaller.height and smaller.width:
        region = smaller
        rows, columns = slice(region.top, region.bottom), slice(region.left, region.right)
        top, bottom = _largest_run(field.plain[rows, columns], field.solid[rows, columns])
        rows = slice(region.top + top, region.top + bottom)
        left, right = _largest_run(field.plain[rows, columns].T, field.solid[rows, columns].T)
        smaller = Region(top, bottom, left, right).within(region)
    return smaller


def _largest_run(plain: NDArray[np.bool_], solid: NDArray[np.bool_]) -> tuple[int, int]:
    """Return first line and end of the run between plain lines with the most solid pixels."""
    full = np.flatnonzero(np.count_nonzero(plain, axis=1) < PLAIN * plain.shape[1])
    if not len(full):
        return 0, 0
    parted = np.flatnonzero(np.diff(full) > _GAP)
    firsts = full[np.concatenate([[0], parted + 1])]
    lasts = full[np.concatenate([parted, [len(full) - 1]])] + 1
    by_line = np.count_nonzero(solid, axis=1)
    weights = np.array([by_line[first:last].sum() for first, last in zip(firsts, lasts, strict=True)])
    # Several pictures side by side are kept together.
    pictures = np.flatnonzero(weights >= _RIVAL * weights.max())
    return int(firsts[pictures[0]]), int(lasts[pictures[-1]])
