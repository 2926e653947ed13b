"""The rays of one exposure: a parallel beam along y, one ray through the middle of each pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .levels import LEVELS, Array, level_of

Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Where the rays pass through the patient.

    Attributes:
        width, height: Pixels.
        pitch: Mm between the middles of neighbouring pixels, in rows and columns alike.
        turn: The patient leans by this angle, radians, to the image's right where positive.
        shift: Where the patient's origin lies, in mm right of and below the image's middle.
        bend: Sideways shift of the spine for each of `LEVELS`, mm.
    """

    width: int
    height: int
    pitch: float
    turn: float
    shift: tuple[float, float]
    bend: Array

    def rays(self, rows: slice) -> tuple[Array, Array]:
        """Return x from the bent midline and z, mm, of the rays in ``rows``: ``(rows, width)`` float32."""
        first, last, _ = rows.indices(self.height)
        u = (np.arange(self.width) + 0.5 - self.width / 2) * self.pitch - self.shift[0]
        v = (np.arange(first, last) + 0.5 - self.height / 2) * self.pitch - self.shift[1]
        c, s = math.cos(self.turn), math.sin(self.turn)
        x = (c * u).astype(np.float32)[None, :] + (s * v).astype(np.float32)[:, None]
        z = (c * v).astype(np.float32)[:, None] - (s * u).astype(np.float32)[None, :]
        x -= self.bend[level_of(z)]
        return x, z

    def pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert points ``(N, 2)`` of x and z, mm, to pixels ``(N, 2)``; 0 is the first pixel's centre."""
        x, z = points[:, 0], points[:, 1]
        x = x + np.interp(z, LEVELS, self.bend)
        c, s = math.cos(self.turn), math.sin(self.turn)
        u, v = c * x - s * z + self.shift[0], s * x + c * z + self.shift[1]
        return np.stack(
            [u / self.pitch + self.width / 2 - 0.5, v / self.pitch + self.height / 2 - 0.5], axis=1
        )
