"""Application of lookup tables to images."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

_BLOCK = 2**20
"""Pixels processed at a time: NumPy converts each index to eight bytes."""


def look_up(table: NDArray[Scalar], indices: NDArray[np.integer[Any]]) -> NDArray[Scalar]:
    """Return ``table[indices]`` without temporary arrays of the image's size.

    Args:
        table: ``(n,)``, or ``(n, c)`` for c channels.
        indices: ``(h, w)``, each from 0 to n - 1; others are clipped.

    Returns:
        ``(h, w)`` or ``(h, w, c)``, of the table's dtype.
    """
    found = np.empty((*indices.shape, *table.shape[1:]), table.dtype)
    rows = max(1, _BLOCK // max(1, indices.shape[1]))
    for top in range(0, len(indices), rows):
        part = slice(top, top + rows)
        np.take(table, indices[part], axis=0, out=found[part], mode="clip")
    return found
