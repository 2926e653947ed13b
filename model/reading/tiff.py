"""TIFF 6.0 and BigTIFF: one page, 1 to 16 bits, grey, colour, palette or CMYK."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import ExifTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from ..errors import UnreadableImage, UnsuitableImage, UnsupportedImage
from .decoding import (
    COLOUR,
    DAMAGED,
    Decoded,
    decode_with_opencv,
    pillow_alpha,
    pillow_image,
    pillow_indices,
    pillow_pixels,
)
from .memory_file import Data
from .orientation import UPRIGHT, valid_orientation

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)
"""None, CCITT, LZW, JPEG, deflate, PackBits."""
_LOSSY = (6, 7)
"""JPEG."""
_MAX_TILE = 2**26
"""Bytes of a tile that is larger than its image: libtiff makes room for one."""

_Tag = ExifTags.Base


def size(data: Data) -> tuple[int, int]:
    """Width and height of the upright image, from the first directory."""
    with pillow_image(data, "TIFF") as image:
        return image.size


def decode(data: Data, *, colour: bool, min_side: int | None) -> Decoded:
    """The pixels, turned upright by Pillow or OpenCV."""
    with pillow_image(data, "TIFF") as image:
        tags = _tags(image)
        _check(data, image, tags)
        orientation = valid_orientation(tags.get(_Tag.Orientation))
        applied = ("exif_orientation",) if orientation != UPRIGHT else ()
        if _bits(tags) == 16 and tags.get(_Tag.PhotometricInterpretation) == _RGB:
            # Pillow would keep the higher eight of sixteen bits.
            return Decoded(decode_with_opencv(data, COLOUR)[..., ::-1].copy(), applied=applied)
        pixels = pillow_pixels(image)
        if pixels.dtype == np.uint16 and tags.get(_Tag.PhotometricInterpretation) == _WHITE_IS_ZERO:
            pixels = np.invert(pixels)
        if not colour:
            return Decoded(pixels, applied=applied)
        lossy = tags.get(_Tag.Compression, 1) in _LOSSY
        return Decoded(
            pixels, applied=applied, alpha=pillow_alpha(image), indices=pillow_indices(image), lossy=lossy
        )


def _tags(image: Any) -> ImageFileDirectory_v2:
    tags: ImageFileDirectory_v2 = image.tag_v2
    return tags


def _bits(tags: ImageFileDirectory_v2) -> int:
    return max(_numbers(tags, _Tag.BitsPerSample, default=1))


def _numbers(tags: ImageFileDirectory_v2, tag: int, *, default: int) -> tuple[int, ...]:
    value = tags.get(tag, default)
    return value if isinstance(value, tuple) else (value,)


def _check(data: Data, image: Any, tags: ImageFileDirectory_v2) -> None:
    if image.is_animated:
        raise UnsuitableImage("The TIFF has several pages: send a single image.")
    if tags.get(_Tag.Compression, 1) not in _COMPRESSIONS:
        raise UnsupportedImage("This compression of TIFF is not read: save it with LZW, deflate or none.")
    samples = len(_numbers(tags, _Tag.BitsPerSample, default=1))
    if _bits(tags) == 16 and samples > 1 and tags.get(_Tag.PlanarConfiguration, 1) != 1:
        raise UnsupportedImage(
            "A 16-bit TIFF with separate planes is not read: save it with interleaved colours."
        )
    tiled = _Tag.TileOffsets in tags
    offsets = _numbers(tags, _Tag.TileOffsets if tiled else _Tag.StripOffsets, default=0)
    counts = _numbers(tags, _Tag.TileByteCounts if tiled else _Tag.StripByteCounts, default=0)
    if any(offset + count > len(data) for offset, count in zip(offsets, counts, strict=False)):
        raise UnreadableImage(DAMAGED)
    if tiled:
        tile = tags[_Tag.TileWidth] * tags[_Tag.TileLength] * samples * 2
        if tile > max(_MAX_TILE, 16 * image.width * image.height):
            raise UnreadableImage(DAMAGED)
