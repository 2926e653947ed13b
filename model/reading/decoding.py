"""Decoding with OpenCV and Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError, ImageTooLarge, UnreadableImage, UnsupportedImage
from ..quiet import quiet
from ..radiograph import Grey
from .memory_file import Data, MemoryFile
from .orientation import UPRIGHT

DAMAGED = "The image is damaged or incomplete. Export it again and send the whole file."

# OpenCV's decoders would write their messages to standard error, not to a log.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

GREY = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
COLOUR = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
STORED = cv2.IMREAD_UNCHANGED
"""Colour with its alpha channel, or grey, without rotation."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Stored pixels: ``(h, w)``, or ``(h, w, 3)`` RGB; uint8 or uint16.

    ``orientation`` is the EXIF orientation still to be applied; ``applied`` lists the transformations so far.

    For masks (colour requested), the order of channels is unspecified, ``alpha`` ``(h, w)`` is the opacity if
    the file has one, ``indices`` ``(h, w)`` are palette indices, and ``lossy`` says that the compression
    changes values.
    """

    pixels: Grey
    orientation: int = UPRIGHT
    applied: tuple[str, ...] = ()
    alpha: Grey | None = None
    indices: Grey | None = None
    lossy: bool = False


def decode_with_opencv(data: Data, flags: int) -> Grey:
    """Decode with OpenCV.

    Args:
        data: The bytes of the file.
        flags: OpenCV's ``IMREAD_`` flags: `GREY`, `COLOUR` or `STORED`.

    Returns:
        ``(h, w)`` or ``(h, w, 3)`` BGR, uint8 or uint16, depending on the flags; `STORED` may give
        ``(h, w, 4)``.

    Raises:
        UnreadableImage: OpenCV cannot decode the image.
        UnsupportedImage: Neither 8 nor 16 bits.
    """
    pixels = _decode(data, flags)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise UnsupportedImage("The image has neither 8 nor 16 bits. Convert it to 8 or 16 bits.")
    return pixels  # type: ignore[return-value]


def decode_signed(data: Data) -> NDArray[np.int8] | NDArray[np.int16]:
    """Decode signed grey ``(h, w)`` with OpenCV.

    Raises:
        UnreadableImage: OpenCV cannot decode the image, or its values are unsigned.
    """
    pixels = _decode(data, STORED)
    if pixels.dtype not in (np.int8, np.int16):
        raise UnreadableImage(DAMAGED)
    return pixels  # type: ignore[return-value]


def _decode(data: Data, flags: int) -> NDArray[np.generic]:
    try:
        pixels: NDArray[np.generic] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise UnreadableImage(DAMAGED)
    return pixels


@contextmanager
def pillow_image(data: Data, kind: str) -> Iterator[Image.Image]:
    """Open an image with Pillow as format ``kind`` only; its pixels are decoded on access.

    Args:
        data: The bytes of the file.
        kind: Pillow's name of the format, such as ``"TIFF"``.

    Raises:
        UnreadableImage: Pillow fails, on opening or anywhere in the block.
        ImageTooLarge: The image exceeds Pillow's own limit.
    """
    try:
        with quiet(), Image.open(cast(BinaryIO, MemoryFile(data)), formats=[kind]) as image:
            yield image
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLarge("The image has too many pixels: send a smaller one.") from error
    except Exception as error:
        # Damaged files make Pillow raise OSError, SyntaxError, ValueError, TypeError, struct.error,
        # EOFError and others.
        raise UnreadableImage(DAMAGED) from error


def pillow_pixels(image: Image.Image) -> Grey:
    """Return the pixels ``(h, w)`` or ``(h, w, 3)`` RGB of an image that Pillow opened.

    Raises:
        UnsupportedImage: Neither 8 nor 16 bits.
    """
    image.load()
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode in ("1", "L", "LA", "La"):
        return np.array(image.getchannel(0).convert("L"))
    if image.mode in ("P", "PA", "RGB", "RGBX", "RGBA", "CMYK", "YCbCr"):
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    raise UnsupportedImage(
        "The image has neither 8 nor 16 bits, or unusual colours: convert it to 8-bit grey."
    )


def split_alpha(pixels: Grey) -> tuple[Grey, Grey | None]:
    """Split pixels into colour and opacity.

    Args:
        pixels: ``(h, w, 4)``, or pixels without opacity of another shape.

    Returns:
        Colour ``(h, w, 3)`` and opacity ``(h, w)``; the pixels and None without opacity.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return pixels[..., :3], np.asarray(pixels[..., 3].copy())  # type: ignore[return-value]
    return pixels, None


def pillow_alpha(image: Image.Image) -> Grey | None:
    """Return the opacity ``(h, w)`` of a Pillow image; None if it has none."""
    return np.array(image.getchannel("A")) if image.mode in ("LA", "PA", "RGBA") else None


def pillow_indices(image: Image.Image) -> Grey | None:
    """Return the palette indices ``(h, w)`` of a Pillow image; None if it has no palette."""
    return np.array(image.getchannel(0)) if image.mode in ("P", "PA") else None


def to_grey(pixels: Grey) -> Grey:
    """Convert RGB to grey by ITU-R BT.601 luma.

    Args:
        pixels: ``(h, w, 3)``, or grey ``(h, w)``, which is returned unchanged.

    Returns:
        ``(h, w)`` of the same dtype.
    """
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels  # type: ignore[return-value]
