"""PNG (ISO/IEC 15948): 1 to 16 bits, grey, colour or palette."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np
from kornia_rs.io import decode_image_png_u8, decode_image_png_u16

from ..errors import UnreadableImage, UnsuitableImage
from ..radiograph import Grey
from ..threads import available_cpus
from .decoding import (
    COLOUR,
    DAMAGED,
    GREY,
    STORED,
    Decoded,
    decode_with_opencv,
    pillow_image,
    pillow_indices,
    split_alpha,
)
from .memory_file import Data
from .orientation import UPRIGHT, exif_orientation

_SIGNATURE = 8
_HEADER = struct.Struct(">I4sIIBBBBBI")
"""Length, type, width, height, bit depth, colour type, three methods and checksum of IHDR (11.2.2)."""
_CHUNK = struct.Struct(">I4s")
"""Length and type of a chunk (5.3)."""
_CHECKSUM = struct.Struct(">I")
_COLOUR_TYPE = _SIGNATURE + 17
_GREY, _COLOUR, _PALETTE = 0, 2, 3
# The allowed bit depths by colour type (11.2.2).
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_CPUS = available_cpus()
_GIL_BUDGET = 1 << 24
"""Bytes of pixels times processors, above which OpenCV is used in a process with several threads: kornia-rs
holds the GIL, about 3 ns a byte, so that all processors together may lose 50 ms."""

_MAX_CHUNKS = 200_000


def size(data: Data) -> tuple[int, int]:
    """Return width and height from the header chunk.

    Raises:
        UnreadableImage: The header is incomplete or contradicts the standard.
    """
    if len(data) < _SIGNATURE + _HEADER.size:
        raise UnreadableImage(DAMAGED)
    length, kind, width, height, depth, colour_type, compression, filtering, interlace, _ = (
        _HEADER.unpack_from(data, _SIGNATURE)
    )
    if (
        (length, kind) != (13, b"IHDR")
        or depth not in _BIT_DEPTHS.get(colour_type, ())
        or (compression, filtering) != (0, 0)
        or interlace > 1
    ):
        raise UnreadableImage(DAMAGED)
    return width, height


def decode(data: Data, *, colour: bool, min_side: int | None) -> Decoded:
    """Return the pixels, after a check of the critical chunks' checksums and the number of rows.

    Args:
        data: The bytes of the file.
        colour: Keep colours, palette indices and opacity, as masks require; else return grey.
        min_side: Not used: PNG is decoded at full size.

    Raises:
        ImageError: The file is damaged, incomplete or not supported.
    """
    if colour:
        return _decode_stored(data)
    plain, orientation = _strip(data)
    return Decoded(decode_grey(plain), orientation, ("grey",) if data[_COLOUR_TYPE] in (2, 3, 6) else ())


def decode_grey(data: bytes) -> Grey:
    """Decode to grey ``(h, w)``: with kornia-rs, which is faster, or with OpenCV; both give the same values.

    Args:
        data: A file of critical chunks only, whose checksums are right: see `decode`.

    Raises:
        UnreadableImage: The file is damaged or incomplete.
    """
    width, height = size(data)
    _, _, _, _, depth, colour_type, _, _, interlaced, _ = _HEADER.unpack_from(data, _SIGNATURE)
    if interlaced or depth < 8 or colour_type not in (_GREY, _COLOUR):
        # What kornia-rs does not decode: few bits, palettes, transparency, interlacing.
        return decode_with_opencv(data, GREY)
    in_colour = colour_type == _COLOUR
    if _holds_gil_too_long(width * height * depth // 8 * (3 if in_colour else 1)):
        pixels = decode_with_opencv(data, COLOUR if in_colour else GREY)
        return cast(Grey, cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)) if in_colour else pixels
    decode_by_rust = decode_image_png_u8 if depth == 8 else decode_image_png_u16
    try:
        pixels = decode_by_rust(data, (height, width), "rgb" if in_colour else "mono")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # A panic in Rust is not an Exception.
        raise UnreadableImage(DAMAGED) from error
    return cast(Grey, cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)) if in_colour else pixels[..., 0]


def _holds_gil_too_long(size: int) -> bool:
    """Whether kornia-rs would keep other threads of the process waiting for too long; see `_GIL_BUDGET`.

    Args:
        size: Bytes of the decoded pixels.
    """
    return threading.active_count() > 1 and size * _CPUS > _GIL_BUDGET


def _decode_stored(data: Data) -> Decoded:
    """Return the stored colours, transparency, palette indices and values, also of fewer than eight bits."""
    plain, orientation = _strip(data, transparency=True)
    depth, colour_type = data[_COLOUR_TYPE - 1], data[_COLOUR_TYPE]
    pixels, alpha = split_alpha(decode_with_opencv(plain, STORED))
    indices = None
    if colour_type == _PALETTE:
        with pillow_image(plain, "PNG") as image:
            indices = pillow_indices(image)
    elif colour_type == _GREY and depth < 8:
        pixels = pixels // np.uint8(255 // (2**depth - 1))
    return Decoded(pixels, orientation, alpha=alpha, indices=indices)


def _strip(data: Data, *, transparency: bool = False) -> tuple[bytes, int]:
    """Return the file with only the chunks that define its pixels, and its EXIF orientation.

    Profiles and texts can inflate to any size, and colour profiles would change the grey values, so no
    decoder gets them.
    """
    kinds = (
        (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
        if transparency
        else (b"IHDR", b"PLTE", b"IDAT", b"IEND")
    )
    view = memoryview(data)
    kept = [(0, _SIGNATURE)]
    orientation = UPRIGHT
    for kind, start, end in _chunks(view):
        if kind in kinds:
            if (zlib.crc32(view[start + 4 : end - 4]),) != _CHECKSUM.unpack_from(view, end - 4):
                raise UnreadableImage(DAMAGED)
            first, last = kept[-1]
            if last == start:
                # One part of hundreds of adjacent chunks is copied faster than each of them.
                kept[-1] = first, end
            else:
                kept.append((start, end))
        elif kind == b"acTL" and int.from_bytes(view[start + 8 : min(start + 12, end - 4)], "big") > 1:
            raise UnsuitableImage("The PNG is animated: send a single image.")
        elif kind == b"eXIf":
            orientation = exif_orientation(bytes(view[start + 8 : end - 4]))
    return b"".join([view[start:end] for start, end in kept]), orientation


def _chunks(view: memoryview) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of each chunk, up to the end chunk; the start is that of its length."""
    start = _SIGNATURE
    for _ in range(_MAX_CHUNKS):
        if start + _CHUNK.size > len(view):
            break
        length, kind = _CHUNK.unpack_from(view, start)
        end = start + _CHUNK.size + length + _CHECKSUM.size
        if end > len(view):
            break
        yield kind, start, end
        if kind == b"IEND":
            return
        start = end
    raise UnreadableImage(DAMAGED)
