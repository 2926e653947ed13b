"""A PNG encoder (ISO/IEC 15948) for grey arrays, lossless, 8 or 16 bits, with zlib only.

It keeps an imaging library out of the client's dependencies.
"""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_UP = 2
"""Filter type: each row is stored as the difference to the row above."""


def grey_png(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], *, text: Mapping[str, str] | None = None
) -> bytes:
    """Encode grey pixels as a PNG of 8 or 16 bits.

    Args:
        pixels: ``(height, width)`` uint8 or uint16.
        text: Text chunks by keyword (Latin-1, at most 79 characters).
    """
    height, width = pixels.shape
    depth = 8 * pixels.dtype.itemsize
    big_endian = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder(">"))
    values = big_endian.view(np.uint8).reshape(height, -1)
    rows = np.full((height, 1 + values.shape[1]), _UP, np.uint8)
    rows[:, 1:] = values
    rows[1:, 1:] -= values[:-1]
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
        + b"".join(_text(keyword, said) for keyword, said in (text or {}).items())
        # For noisy pixels, higher levels save little space and take many times as long.
        + _chunk(b"IDAT", zlib.compress(rows.data, level=1))
        + _chunk(b"IEND", b"")
    )


def _text(keyword: str, text: str) -> bytes:
    # Not compressed (two zero bytes), language, no translated keyword, UTF-8 text.
    return _chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0en\0\0" + text.encode())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
