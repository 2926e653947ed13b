"""A grey array as PNG (ISO/IEC 15948), with zlib alone.

Only what is needed to send an array: one channel, 8 or 16 bits, nothing lost.
"""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_UP = 2
"""The filter type that writes each row as its difference to the row above."""


def grey_png(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], *, text: Mapping[str, str] | None = None
) -> bytes:
    """Grey pixels as a PNG of 8 or 16 bits.

    Args:
        pixels: ``(height, width)`` uint8 or uint16.
        text: what the file says beside them, by keyword (Latin-1, at most 79 characters).
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
        # Of noisy pixels, the higher levels make hardly less, and take many times as long.
        + _chunk(b"IDAT", zlib.compress(rows.data, level=1))
        + _chunk(b"IEND", b"")
    )


def _text(keyword: str, text: str) -> bytes:
    # Two zeros for "not compressed", language, no translated keyword, UTF-8.
    return _chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0en\0\0" + text.encode())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
