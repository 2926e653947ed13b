"""How large and how small an image may be."""

from __future__ import annotations

from ..errors import ImageTooLarge, UnreadableImage, UnsuitableImage

MAX_PIXELS = 100_000_000
"""Pixels of an image unless the caller says otherwise; no reader takes more than about 14 bytes for each."""

MIN_SIDE = 16
"""Pixels of a radiograph's shorter side."""


def check_size(width: int, height: int, *, max_pixels: int) -> None:
    """Refuses what a header announces, before a pixel is decoded.

    Raises:
        UnreadableImage: a side is zero.
        ImageTooLarge: more than ``max_pixels``.
    """
    if width < 1 or height < 1:
        raise UnreadableImage("The image has no pixels: export it again.")
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The image is {width} by {height} pixels, more than the {max_pixels:,} allowed: send a smaller "
            "one."
        )


def check_radiograph_size(width: int, height: int) -> None:
    """Refuses what is too small to show a chest.

    Raises:
        UnsuitableImage: a side is shorter than `MIN_SIDE`.
    """
    if min(width, height) < MIN_SIDE:
        raise UnsuitableImage(
            f"The image is {width} by {height} pixels: send a radiograph of at least {MIN_SIDE} pixels a "
            "side."
        )
