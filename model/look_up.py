"""Tables applied to images."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

_BLOCK = 2**20
"""Pixels at a time: NumPy makes eight bytes of each index."""


def look_up(table: NDArray[Scalar], indices: NDArray[np.integer[Any]]) -> NDArray[Scalar]:
    """``table[indices]``, in no more memory than the result takes.

    Args:
        table: ``(n,)``, or ``(n, c)`` for as many channels.
        indices: ``(h, w)``, each from 0 to n - 1; one beyond is taken for the nearest.
    """
    found = np.empty((*indices.shape, *table.shape[1:]), table.dtype)
    rows = max(1, _BLOCK // max(1, indices.shape[1]))
    for top in range(0, len(indices), rows):
        part = slice(top, top + rows)
        np.take(table, indices[part], axis=0, out=found[part], mode="clip")
    return found
