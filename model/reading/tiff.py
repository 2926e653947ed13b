"""TIFF 6.0 and BigTIFF: one page beside thumbnails, 1 to 16 bits, grey, colour, palette or CMYK."""

from __future__ import annotations

from typing import cast

import numpy as np

from ..radiograph import Grey
from . import tiff_transparency
from .decoding import (
    COLOUR,
    STORED,
    Decoded,
    decode_signed,
    decode_with_opencv,
    pillow_alpha,
    pillow_image,
    pillow_indices,
    pillow_pixels,
)
from .memory_file import Data
from .orientation import UPRIGHT, turn_upright
from .tiff_directory import COMPRESSION, PHOTOMETRIC, Directory, directories, first_at
from .tiff_layout import (
    BLACK_IS_ZERO,
    LOSSY,
    WHITE_IS_ZERO,
    check,
    has_deep_colours,
    has_deep_grey,
    has_deep_pairs,
    is_signed,
    only_opencv_opens,
    picture_in,
    size_of,
)


def size(data: Data) -> tuple[int, int]:
    """Return width and height of the upright image from its directory."""
    return size_of(picture_in(data))


def decode(data: Data, *, colour: bool, min_side: int | None) -> Decoded:
    """Return the pixels; Pillow or OpenCV apply the orientation if they can.

    Args:
        data: The bytes of the file.
        colour: Keep colours, palette indices and opacity, as masks require; else grey may be returned.
        min_side: Not used: TIFF is decoded at full size.

    Raises:
        ImageError: The file is damaged, incomplete or not supported.
    """
    page = picture_in(data)
    check(page)
    if page.at != directories(data)[0].at:
        data = first_at(data, page)
        page = picture_in(data)
    applied = ("exif_orientation",) if page.orientation != UPRIGHT else ()
    lossy = page.number(COMPRESSION, 1) in LOSSY
    if has_deep_pairs(page):
        return Decoded(_grey_of_pairs(page), applied=applied)
    if has_deep_colours(page):
        return Decoded(decode_with_opencv(data, COLOUR)[..., ::-1].copy(), applied=applied)
    if has_deep_grey(page) or only_opencv_opens(page):
        return Decoded(_whole_grey(data, page), applied=applied, lossy=lossy)
    with pillow_image(data, "TIFF") as image:
        pixels = pillow_pixels(image)
        if not colour:
            return Decoded(pixels, applied=applied)
        return Decoded(
            pixels, applied=applied, alpha=pillow_alpha(image), indices=pillow_indices(image), lossy=lossy
        )


def _grey_of_pairs(page: Directory) -> Grey:
    """Return the grey values of a 16-bit image with transparency, which is ignored."""
    wide = decode_with_opencv(tiff_transparency.widened(page), STORED)
    pixels = tiff_transparency.narrowed(wide, page)
    return turn_upright(_bright_is_high(pixels, page), page.orientation)


def _whole_grey(data: Data, page: Directory) -> Grey:
    """Return grey values; signed ones are shifted so that the least is not negative."""
    if not is_signed(page):
        return _bright_is_high(decode_with_opencv(data, STORED), page)
    values = decode_signed(data)
    least = min(int(values.min()), 0)
    unsigned = np.uint8 if values.dtype == np.int8 else np.uint16
    pixels = (values.astype(np.int32) - least).astype(unsigned)
    return cast(Grey, pixels.max() - pixels if _is_inverted(page) else pixels)


def _bright_is_high(pixels: Grey, page: Directory) -> Grey:
    if not _is_inverted(page):
        return pixels
    # OpenCV shifts 10 to 14 bits to the upper end of 16.
    unused = 8 * pixels.itemsize - page.bits
    return cast(Grey, np.invert(pixels) >> unused << unused)


def _is_inverted(page: Directory) -> bool:
    """Return whether OpenCV decodes dark pixels as high values; up to eight bits it inverts them itself."""
    return page.bits > 8 and page.number(PHOTOMETRIC, BLACK_IS_ZERO) == WHITE_IS_ZERO
