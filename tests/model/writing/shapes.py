"""Masks and labels drawn by hand."""

import numpy as np
from numpy.typing import NDArray

HEIGHT, WIDTH = 61, 53


def mask() -> NDArray[np.bool_]:
    """1,012 pixels: 45 × 14 with a hole of 5 × 4, 40 × 10 at the edge, and two pixels that share a corner."""
    drawn = np.zeros((HEIGHT, WIDTH), np.bool_)
    drawn[5:50, 4:18] = True
    drawn[20:25, 8:12] = False
    drawn[21:61, 43:53] = True
    drawn[2, 30] = drawn[3, 31] = True
    return drawn


def labels() -> NDArray[np.uint8]:
    """The same: 610 pixels of right lung, 400 of left lung and 2 of right lung."""
    drawn = mask()
    sides = np.ones((HEIGHT, WIDTH), np.uint8)
    sides[:, 40:] = 2
    return sides * drawn.view(np.uint8)
