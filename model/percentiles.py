"""Percentiles of 8-bit images by their histogram, equal to `numpy.percentile`'s but faster."""

from collections.abc import Sequence
from math import floor

import cv2
import numpy as np
from numpy.typing import NDArray


def percentiles_of_bytes(
    pixels: NDArray[np.uint8], levels: NDArray[np.float32], percentiles: Sequence[float]
) -> list[np.float64]:
    """Return percentiles of ``levels[pixels]``, interpolated linearly.

    Args:
        pixels: ``(h, w)``.
        levels: ``(256,)`` ascending, the value of each grey.
        percentiles: 0 to 100.
    """
    up_to = cv2.calcHist([pixels], [0], None, [256], [0, 256]).ravel().cumsum(dtype=np.float64)
    return [_between_ranks(up_to, levels, (pixels.size - 1) * (one / 100)) for one in percentiles]


def _between_ranks(up_to: NDArray[np.float64], levels: NDArray[np.float32], position: float) -> np.float64:
    """Return the value at a position between two ranks, given the number of pixels up to each grey."""
    rank = floor(position)
    share = np.float64(position - rank)
    first, second = levels[np.searchsorted(up_to[:-1], (rank, rank + 1), side="right")]
    step = second - first
    # As NumPy does it: from the nearer of the two.
    value: np.float64 = first + step * share if share < 0.5 else second - step * (1 - share)
    return value
