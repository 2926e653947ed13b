"""COCO's run-length encoding of masks, read with NumPy alone.

The format is that of ``rleToString`` and ``rleFrString`` in the COCO API's ``maskApi.c``. Runs go down the columns, background
first. Each is written as signed five-bit groups, the lowest first, in characters from ``0`` on; bit 5 says that another group
follows. From the fourth run on, what is written is the difference to the run before the last.
"""

import numpy as np
from numpy.typing import NDArray

_GROUPS = 7
"""Most characters in one run: 35 bits are more than any mask's pixels, and sums of them cannot overflow 64."""


def decode(counts: str, *, height: int, width: int) -> NDArray[np.bool_]:
    """The mask that ``counts`` encodes.

    Args:
        counts: COCO's compressed run lengths.
        height, width: the mask's size in pixels.

    Returns:
        ``(height, width)`` bool, C-contiguous.

    Raises:
        ValueError: ``counts`` is damaged, or not of a mask of this size.
    """
    runs = _runs(counts)
    # Before the mask is made: a damaged answer must not take any memory that it likes.
    if np.any(runs < 0) or runs.sum() != height * width:
        raise ValueError(f"the run lengths are not of a mask of {width}×{height} pixels")
    is_lung = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(is_lung, runs).reshape(width, height).T)


def _runs(counts: str) -> NDArray[np.int64]:
    """The length of each run, ``(n,)``."""
    codes = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - ord("0")
    if np.any((codes < 0) | (codes > 63)):
        raise ValueError("the run lengths hold a character that is not one of theirs")
    last = np.flatnonzero(codes < 32)
    if not len(last) or last[-1] != len(codes) - 1:
        raise ValueError("the run lengths break off")
    first = np.concatenate(([0], last[:-1] + 1))
    groups = last - first + 1
    if groups.max() > _GROUPS:
        raise ValueError("a run is longer than any mask")
    place = np.arange(len(codes)) - np.repeat(first, groups)
    runs = np.add.reduceat((codes & 31) << (5 * place), first)
    is_negative = (codes[last] & 16) > 0
    runs[is_negative] -= np.int64(1) << (5 * groups[is_negative])
    runs[1::2] = runs[1::2].cumsum()
    runs[2::2] = runs[2::2].cumsum()
    return runs
