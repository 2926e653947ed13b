"""Windows bitmaps: uncompressed, 1 to 32 bits."""

from __future__ import annotations

import struct

from ..errors import UnreadableImage, UnsupportedImage
from .decoding import DAMAGED, Decoded, pillow_alpha, pillow_image, pillow_indices, pillow_pixels
from .memory_file import Data

_HEADER = 14
_UNCOMPRESSED = (0, 3, 6)
"""Compression types of uncompressed rows, with or without colour masks."""


def size(data: Data) -> tuple[int, int]:
    """Return width and height from the header; a negative height means that rows are stored from the top.

    Raises:
        UnreadableImage: The header is incomplete.
        UnsupportedImage: The pixels are compressed.
    """
    header = int.from_bytes(data[_HEADER : _HEADER + 4], "little")
    if len(data) < _HEADER + header:
        raise UnreadableImage(DAMAGED)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, _HEADER + 4)
        return width, height
    width, height, _, _, compression = struct.unpack_from("<iiHHI", data, _HEADER + 4)
    if compression not in _UNCOMPRESSED:
        raise UnsupportedImage("The bitmap is compressed: save it as PNG.")
    return width, abs(height)


def decode(data: Data, *, colour: bool, min_side: int | None) -> Decoded:
    """Return the pixels.

    Args:
        data: The bytes of the file.
        colour: Keep colours, palette indices and opacity, as masks require; else return grey.
        min_side: Not used: bitmaps are decoded at full size.

    Raises:
        ImageError: The pixels are incomplete or not supported.
    """
    with pillow_image(data, "BMP") as image:
        pixels = pillow_pixels(image)
        return (
            Decoded(pixels, alpha=pillow_alpha(image), indices=pillow_indices(image))
            if colour
            else Decoded(pixels)
        )
