"""EXIF orientation (tag 0x0112)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from ..quiet import quiet

UPRIGHT = 1


def exif_orientation(exif: bytes) -> int:
    """Return the orientation in an EXIF block, 1 to 8; 1 if it is damaged or missing."""
    block = Image.Exif()
    try:
        with quiet():
            block.load(exif)
            return valid_orientation(block.get(ExifTags.Base.Orientation))
    except Exception:
        # The image may be intact although its EXIF block is damaged.
        return UPRIGHT


def valid_orientation(value: Any) -> int:
    """Return ``value`` if it is an orientation, else 1."""
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def swaps_sides(orientation: int) -> bool:
    """Return whether the orientation swaps width and height."""
    return orientation >= 5


def turn_upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply an EXIF orientation to pixels.

    Args:
        pixels: ``(h, w)`` or ``(h, w, 3)``.
        orientation: 1 to 8, as of EXIF.

    Returns:
        A C-contiguous array; height and width are swapped from orientation 5 on.
    """
    if swaps_sides(orientation):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
