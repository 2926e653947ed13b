"""TIFF 6.0 and BigTIFF: one page beside thumbnails, 1 to 16 bits, grey, colour, palette or CMYK."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import ExifTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from ..errors import UnreadableImage, UnsuitableImage, UnsupportedImage
from ..radiograph import Grey
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
from .tiff_transparency import widened

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)
"""None, CCITT, LZW, JPEG, deflate, PackBits."""
_LOSSY = (6, 7)
"""JPEG."""
_SIGNED, _FLOAT = 2, 3
"""Sample formats."""
_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType."""
_MAX_PAGES = 16
_MAX_TILE = 2**26
"""Bytes of a tile that is larger than its image: libtiff makes room for one."""

_Tag = ExifTags.Base


def size(data: Data) -> tuple[int, int]:
    """Width and height of the upright image, from the first directory."""
    wide = widened(data)
    with pillow_image(data if wide is None else wide, "TIFF") as image:
        width, height = image.size
        if wide is None:
            return width, height
        # Pillow has swapped the sides of an image that lies on its side.
        lying = _numbers(_tags(image), _Tag.Orientation, default=1)[0] >= 5
        return (width, height // 2) if lying else (width // 2, height)


def decode(data: Data, *, colour: bool, min_side: int | None) -> Decoded:
    """Return the pixels, turned upright by Pillow or OpenCV."""
    wide = widened(data)
    if wide is not None:
        return _decode_pairs(wide)
    with pillow_image(data, "TIFF") as image:
        tags = _tags(image)
        _check(data, image, tags)
        orientation = valid_orientation(tags.get(_Tag.Orientation))
        applied = ("exif_orientation",) if orientation != UPRIGHT else ()
        if _bits(tags) == 16 and tags.get(_Tag.PhotometricInterpretation) == _RGB:
            # Pillow would keep the higher eight of sixteen bits.
            return Decoded(decode_with_opencv(data, COLOUR)[..., ::-1].copy(), applied=applied)
        pixels = _signed(image, tags) if _is_signed(tags) else pillow_pixels(image)
        if pixels.dtype == np.uint16 and tags.get(_Tag.PhotometricInterpretation) == _WHITE_IS_ZERO:
            pixels = np.invert(pixels)
        if not colour:
            return Decoded(pixels, applied=applied)
        lossy = tags.get(_Tag.Compression, 1) in _LOSSY
        return Decoded(
            pixels, applied=applied, alpha=pillow_alpha(image), indices=pillow_indices(image), lossy=lossy
        )


def _decode_pairs(wide: bytes) -> Decoded:
    """Return the grey of a 16-bit image with transparency, which is ignored."""
    with pillow_image(wide, "TIFF") as image:
        tags = _tags(image)
        _check(wide, image, tags)
        if valid_orientation(tags.get(_Tag.Orientation)) != UPRIGHT:
            raise UnsupportedImage(
                "A 16-bit TIFF with transparency that is to be turned is not read: save it upright."
            )
        pixels = pillow_pixels(image)[:, ::2].copy()
        white = tags.get(_Tag.PhotometricInterpretation) == _WHITE_IS_ZERO
        return Decoded(np.invert(pixels) if white else pixels)


def _is_signed(tags: ImageFileDirectory_v2) -> bool:
    return (
        set(_numbers(tags, _Tag.SampleFormat, default=1)) == {_SIGNED}
        and len(_numbers(tags, _Tag.BitsPerSample, default=1)) == 1
    )


def _signed(image: Any, tags: ImageFileDirectory_v2) -> Grey:
    """Return signed grey, moved up so that its least value is not negative: order and distances stay.

    Raises:
        UnsupportedImage: neither 8 nor 16 bits.
    """
    bits = _bits(tags)
    if bits not in (8, 16):
        raise UnsupportedImage(
            f"The TIFF holds signed values of {bits} bits: convert it to whole numbers of 8 or 16 bits."
        )
    image.load()
    values = np.asarray(image)
    values = values.view(np.int8) if bits == 8 else values.astype(np.int16)
    least = min(int(values.min()), 0)
    return (values.astype(np.int32) - least).astype(np.uint8 if bits == 8 else np.uint16)


def _pages(image: Any) -> int:
    """Return how many pages are no thumbnails, previews or transparency masks (NewSubfileType)."""
    if not image.is_animated:
        return 1
    pages = 0
    for number in range(min(image.n_frames, _MAX_PAGES)):
        image.seek(number)
        kind = _numbers(_tags(image), _Tag.NewSubfileType, default=0)[0]
        pages += number == 0 or not kind & (_REDUCED | _MASK)
    image.seek(0)
    return pages if image.n_frames <= _MAX_PAGES else image.n_frames


def _tags(image: Any) -> ImageFileDirectory_v2:
    tags: ImageFileDirectory_v2 = image.tag_v2
    return tags


def _bits(tags: ImageFileDirectory_v2) -> int:
    return max(_numbers(tags, _Tag.BitsPerSample, default=1))


def _numbers(tags: ImageFileDirectory_v2, tag: int, *, default: int) -> tuple[int, ...]:
    value = tags.get(tag, default)
    return value if isinstance(value, tuple) else (value,)


def _check(data: Data, image: Any, tags: ImageFileDirectory_v2) -> None:
    if _pages(image) > 1:
        raise UnsuitableImage("The TIFF has several pages: send a single image.")
    if _FLOAT in _numbers(tags, _Tag.SampleFormat, default=1):
        raise UnsupportedImage(
            "The TIFF holds floating-point values: convert it to whole numbers of 8 or 16 bits."
        )
    if _bits(tags) > 16:
        raise UnsupportedImage(f"The TIFF holds values of {_bits(tags)} bits: convert it to 8 or 16 bits.")
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
