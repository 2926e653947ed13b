"""Compressed frames, independent of the attributes that describe them."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid as uids
from pydicom.encaps import get_frame

from .files import compressed
from .lossless_jpeg import lossless_jpeg

SYNTAXES = {
    "rle": uids.RLELossless,
    "jpeg_lossless": uids.JPEGLosslessSV1,
    "jpeg_ls": uids.JPEGLSLossless,
    "jpeg_2000": uids.JPEG2000Lossless,
}


def frame(cells: NDArray[Any], kind: str, *, bits: int | None = None, **options: Any) -> bytes:
    """Encode unsigned ``cells`` ``(h, w)`` with a codec of `SYNTAXES`, with ``bits`` or all bits."""
    if kind == "jpeg_lossless":
        return lossless_jpeg(cells, bits=bits or 8 * cells.dtype.itemsize)
    return get_frame(compressed(cells, SYNTAXES[kind], bits=bits, **options).PixelData, 0)


def flat_jpeg(blocks: NDArray[np.int64], *, bits: int, progressive: bool = False) -> bytes:
    """A JPEG (ISO/IEC 10918-1) of flat blocks of 8 by 8, whose values are ``blocks`` ``(rows, columns)``.

    The constant term of a block is eight times its value; the others are zero, and a progressive image
    has no scan of them.
    """
    levels = (blocks - (1 << (bits - 1))).ravel() * 8
    stream = ""
    for difference in np.diff(levels, prepend=0).tolist():
        size = abs(difference).bit_length()
        stream += f"{size:05b}"
        if size:
            stream += f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
        if not progressive:
            # The end of the block: the only code of the second table.
            stream += "0"
    stream += "1" * (-len(stream) % 8)
    data = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")
    rows, columns = blocks.shape
    quantisation = b"\xff\xdb" + struct.pack(">HB", 67, 0) + b"\x01" * 64
    process = b"\xff\xc2" if progressive else b"\xff\xc1"
    header = process + struct.pack(">HBHHB", 11, bits, 8 * rows, 8 * columns, 1) + bytes([1, 0x11, 0])
    dc = b"\xff\xc4" + struct.pack(">HB", 36, 0) + bytes([0, 0, 0, 0, 17] + [0] * 11) + bytes(range(17))
    ac = b"\xff\xc4" + struct.pack(">HB", 20, 0x10) + bytes([1] + [0] * 15) + b"\x00"
    last = 0 if progressive else 63
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, 0, last, 0])
    return b"\xff\xd8" + quantisation + header + dc + ac + scan + data + b"\xff\xd9"
