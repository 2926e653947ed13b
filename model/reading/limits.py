"""Limits on the size of images."""

from __future__ import annotations

from ..errors import ImageTooLarge, UnreadableImage, UnsuitableImage

MAX_PIXELS = 100_000_000
"""The default limit on the pixels of an image; no reader needs more than about 14 bytes per pixel."""

MIN_SIDE = 16
"""The least pixels of a radiograph's shorter side."""


def check_size(width: int, height: int, *, max_pixels: int) -> None:
    """Check the size that a header announces, before a pixel is decoded.

    Args:
        width: Columns.
        height: Rows.
        max_pixels: The most pixels (width times height).

    Raises:
        UnreadableImage: A side is zero.
        ImageTooLarge: The image has more than ``max_pixels``.
    """
    if width < 1 or height < 1:
        raise UnreadableImage("The image has no pixels: export it again.")
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The image is {width} by {height} pixels, more than the {max_pixels:,} allowed: send a smaller "
            "one."
        )


def check_radiograph_size(width: int, height: int) -> None:
    """Reject an image that is too small to show a chest.

    Raises:
        UnsuitableImage: A side is shorter than `MIN_SIDE`.
    """
    if min(width, height) < MIN_SIDE:
        raise UnsuitableImage(
            f"The image is {width} by {height} pixels: send a radiograph of at least {MIN_SIDE} pixels a "
            "side."
        )
