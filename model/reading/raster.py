"""Reading of images that are not DICOM, with one module for each format."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..errors import UnreadableImage
from ..radiograph import Radiograph
from . import bmp, jpeg, png, tiff, webp
from .decoding import DAMAGED, Decoded, to_grey
from .limits import check_radiograph_size, check_size
from .memory_file import Data
from .orientation import UPRIGHT, swaps_sides, turn_upright
from .sniff import Format


class RasterFormat(Protocol):
    """The interface of the module of a format. Both functions raise `ImageError`."""

    def size(self, data: Data) -> tuple[int, int]:
        """Return the stored width and height from the header."""
        ...

    def decode(self, data: Data, *, colour: bool, min_side: int | None) -> Decoded:
        """Return the pixels, after the size was checked.

        Args:
            data: The bytes of the file.
            colour: Keep colours, palette indices and opacity, as masks require; else grey may be returned.
            min_side: A format that can may decode at a reduced size whose sides are at least this long; None
                means full size.
        """
        ...


_FORMATS: dict[Format, RasterFormat] = {"bmp": bmp, "jpeg": jpeg, "png": png, "tiff": tiff, "webp": webp}


def read_raster(data: Data, name: Format, *, max_pixels: int, min_side: int | None) -> Radiograph:
    """Read a radiograph of one of the formats above.

    Args:
        data: The bytes of the file.
        name: Its format.
        max_pixels: The most pixels (width times height).
        min_side: As for `model.reading.read`.

    Raises:
        ImageError: As `model.reading.read`.
    """
    width, height = _FORMATS[name].size(data)
    check_size(width, height, max_pixels=max_pixels)
    check_radiograph_size(width, height)
    decoded = _FORMATS[name].decode(data, colour=False, min_side=min_side)
    if min_side is None:
        _check_agreement(decoded, width, height)
    pixels, applied = decoded.pixels, decoded.applied
    if pixels.ndim == 3:
        pixels, applied = to_grey(pixels), (*applied, "grey")
    if pixels.dtype == np.uint16:
        applied = (*applied, "sixteen_bit")
    if decoded.orientation != UPRIGHT:
        pixels, applied = turn_upright(pixels, decoded.orientation), (*applied, "exif_orientation")
    if swaps_sides(decoded.orientation):
        width, height = height, width
    return Radiograph(pixels=pixels, format=name, width=width, height=height, applied=applied)


def read_stored(data: Data, name: Format, *, max_pixels: int) -> Decoded:
    """Read the stored values, colours, palette and transparency of a mask of one of the formats above.

    Args:
        data: The bytes of the file.
        name: Its format.
        max_pixels: The most pixels (width times height).

    Raises:
        ImageError: As `model.reading.read_mask`.
    """
    width, height = _FORMATS[name].size(data)
    check_size(width, height, max_pixels=max_pixels)
    decoded = _FORMATS[name].decode(data, colour=True, min_side=None)
    _check_agreement(decoded, width, height)
    return decoded


def _check_agreement(decoded: Decoded, width: int, height: int) -> None:
    if decoded.pixels.shape[:2] != (height, width):
        raise UnreadableImage(DAMAGED)
