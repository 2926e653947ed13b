"""A decoder of COCO run-length encoded masks; NumPy is its only dependency.

The format is that of ``rleToString`` and ``rleFrString`` in the COCO API's ``maskApi.c``. Runs go down
the columns, background first. Each is written as signed five-bit groups, the lowest first, in
characters from ``0`` on; bit 5 says that another group follows. From the fourth run on, what is written
is the difference to the run before the last.
"""

import numpy as np
from numpy.typing import NDArray

_GROUPS = 7
"""Most characters per run: 35 bits exceed the pixels of any mask, and sums of them cannot overflow 64
bits."""


def decode(counts: str, *, height: int, width: int) -> NDArray[np.bool_]:
    """Decode a mask.

    Args:
        counts: COCO's compressed run lengths.
        height: Rows of the mask.
        width: Columns of the mask.

    Returns:
        ``(height, width)`` bool, C-contiguous.

    Raises:
        ValueError: ``counts`` is damaged, or encodes a mask of another size.
    """
    runs = _runs(counts)
    # Checked before allocation: a damaged response must not allocate arbitrary memory.
    if np.any(runs < 0) or runs.sum() != height * width:
        raise ValueError(f"the run lengths are not of a mask of {width}×{height} pixels")
    is_lung = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(is_lung, runs).reshape(width, height).T)


def _runs(counts: str) -> NDArray[np.int64]:
    """Decode the length of each run, ``(n,)``."""
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
