"""A mask as PNG."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from ..quality import Quality
from .trust import chunk, png_with_trust

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2
"""The filter that stores the difference to the row above: most rows of a mask are nearly equal."""


def mask_png(mask: NDArray[np.bool_], quality: Quality | None = None, checkpoint: str | None = None) -> bytes:
    """Return a mask as a 1-bit greyscale PNG: 0 (black) is background and 1 (white) is lung.

    Made here, because OpenCV takes four times as long.

    Args:
        mask: ``(h, w)`` bool.
        quality: The mask's quality, for the PNG's text.
        checkpoint: The name of the checkpoint that made it, for the same.
    """
    height, width = mask.shape
    packed = np.packbits(mask, axis=1)
    rows = np.empty((height, 1 + packed.shape[1]), np.uint8)
    rows[:, 0] = _UP
    rows[0, 1:] = packed[0]
    np.subtract(packed[1:], packed[:-1], out=rows[1:, 1:])
    # Masks are runs of equal bytes.
    deflate = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    image = deflate.compress(rows.data) + deflate.flush()
    png = b"".join((_SIGNATURE, chunk(b"IHDR", header), chunk(b"IDAT", image), chunk(b"IEND", b"")))
    return png_with_trust(np.frombuffer(png, np.uint8), quality, checkpoint)
