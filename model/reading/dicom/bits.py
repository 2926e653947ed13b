"""The position of the sample within its cell: bits stored, high bit, sign (PS3.5 8.1.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BitLayout:
    """The layout of a sample according to the attributes.

    Attributes:
        stored: The number of bits of the sample.
        high: The index of its highest bit within the cell, from 0; the sign bit if it is signed.
        signed: Whether it is in two's complement.
    """

    stored: int
    high: int
    signed: bool

    def within(self, width: int) -> BitLayout:
        """Return the layout for cells of ``width`` bits, which may be fewer than the attributes say."""
        return replace(self, stored=min(self.stored, width), high=min(self.high, width - 1))

    def filling(self, width: int) -> BitLayout:
        """Return the layout for a codec without unused bits."""
        return replace(self, stored=width, high=width - 1)


def stored_values(
    cells: NDArray[Any], layout: BitLayout, *, width: int, lossy: bool = False, signed_cells: bool = False
) -> NDArray[Any]:
    """Return the values of the samples without the other bits of their cells; ``cells`` may be overwritten.

    The bits above the sample may hold overlays, a sign or nothing. If bits stored and high bit contradict
    each other, the layout is derived from the cells.

    Args:
        cells: Uint8, uint16 or uint32 of any shape.
        layout: The layout according to the attributes.
        width: The number of usable bits of a cell: those of the codestream, or bits allocated.
        lossy: Whether decoded values may exceed the stored range. They are clipped: without its highest bit a
            white pixel would become black.
        signed_cells: Whether the codestream says that its values are signed.

    Returns:
        The same shape, signed where the layout says so.
    """
    layout = layout.within(width)
    stored, shift = _settle(cells, layout, width)
    if lossy and shift == 0 and stored < width:
        if layout.signed and signed_cells:
            limit = 1 << (stored - 1)
            extended = _sign_extended(cells, width)
            np.clip(extended, -limit, limit - 1, out=extended)
            return extended
        if not layout.signed:
            # No codec has an error of the whole range: larger values have other bits set.
            cells &= cells.dtype.type((1 << (stored + 1)) - 1)
            np.minimum(cells, cells.dtype.type((1 << stored) - 1), out=cells)
            return cells
    if shift:
        cells >>= cells.dtype.type(shift)
    if layout.signed:
        return _sign_extended(cells, stored)
    if stored < 8 * cells.dtype.itemsize:
        cells &= cells.dtype.type((1 << stored) - 1)
    return cells


def _settle(cells: NDArray[Any], layout: BitLayout, width: int) -> tuple[int, int]:
    """Return the number of bits of the sample and its offset from the cell's lowest bit."""
    stored, above = layout.stored, layout.high + 1
    if above < stored:
        return (above if _fit(cells, above, width, signed=layout.signed) else stored), 0
    shift = above - stored
    unused = cells.dtype.type((1 << shift) - 1)
    if shift and _fit(cells, stored, width, signed=layout.signed) and np.any(cells & unused):
        # The values are in the low bits, whatever the high bit says: a shift would leave almost nothing.
        return stored, 0
    return stored, shift


def _fit(cells: NDArray[Any], bits: int, width: int, *, signed: bool) -> bool:
    """Return whether all cells are values of ``bits`` bits, extended by zeros or by their sign."""
    if int(cells.max()) >> bits == 0:
        return True
    if not signed:
        return False
    top = cells >> cells.dtype.type(bits - 1)
    return bool(np.all((top <= 1) | (top == (1 << (width - bits + 1)) - 1)))


def _sign_extended(cells: NDArray[Any], bits: int) -> NDArray[Any]:
    """Return the two's complement of the lower ``bits`` in the signed type of the same size."""
    rest = 8 * cells.dtype.itemsize - bits
    values = cells.view(f"i{cells.dtype.itemsize}")
    if rest:
        values <<= rest
        values >>= rest
    return values
