"""How a camera or a scanner says that an image is to be turned (EXIF tag 0x0112)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from ..quiet import quiet

UPRIGHT = 1


def exif_orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8, that an EXIF block asks for; 1 where it is damaged or says nothing."""
    block = Image.Exif()
    try:
        with quiet():
            block.load(exif)
            return valid_orientation(block.get(ExifTags.Base.Orientation))
    except Exception:
        # Whatever is wrong with an EXIF block, the image beside it can be whole.
        return UPRIGHT


def valid_orientation(value: Any) -> int:
    """``value`` where it is an orientation, else 1."""
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def swaps_sides(orientation: int) -> bool:
    """Whether width and height change places."""
    return orientation >= 5


def turn_upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn ``(h, w)`` or ``(h, w, 3)`` so that the image stands as it was meant to."""
    if swaps_sides(orientation):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
