"""Tables of quantities that depend only on the height z."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
"""float32 throughout. NumPy's stubs call a float32 array times a Python float float64, so the width is
left open."""
Index = NDArray[np.intp]

_STEP = 0.1
_TOP, _BOTTOM = -600.0, 600.0

LEVELS: Array = np.arange(_TOP, _BOTTOM, _STEP, dtype=np.float32)
"""The heights z, in mm, of all tables."""


def level_of(z: Array) -> Index:
    """Index of each height in a table; heights beyond it take the first or last index."""
    index = ((z - _TOP) / _STEP).astype(np.intp)
    return np.clip(index, 0, len(LEVELS) - 1, out=index)


def table(points: Sequence[tuple[float, float]], *, smoothing: float = 24.0) -> Array:
    """Return a table of a smooth curve near the given (z, value) points, constant beyond them.

    The points are joined by straight lines, which a triangular kernel of twice ``smoothing`` mm then
    rounds.
    """
    z, values = zip(*points, strict=True)
    size = round(smoothing / _STEP)
    box = np.full(size, 1 / size)
    curve = np.pad(np.interp(LEVELS, z, values), size, mode="edge")
    rounded = np.convolve(np.convolve(curve, box, mode="same"), box, mode="same")
    return rounded[size:-size].astype(np.float32)
