"""Whether a compressed frame holds what the attributes announce, told without decoding it."""

from __future__ import annotations

import struct

from ...errors import UnreadableImage
from ..jpeg_markers import BASELINE, EXTENDED, JPEG_LS, LOSSLESS, read_skeleton
from .dataset import DAMAGED
from .jpeg_2000 import check_jpeg_2000
from .syntax import Syntax

_RLE_HEADER = struct.Struct("<16L")
_RLE_BEST = 64
"""Bytes that one byte of an RLE segment can stand for: 128 for two."""


def check_codestream(
    frame: bytes, syntax: Syntax, *, rows: int, columns: int, samples: int, bits_allocated: int
) -> int:
    """The bits of a sample, once the codestream is whole and agrees with the attributes in size and samples.

    Decoders make room for what the codestream says: it must not be more than what was found fit before.

    Raises:
        UnreadableImage: it is not whole, or does not agree.
    """
    if syntax.codec == "rle":
        _check_rle(frame, pixels=rows * columns, segments=samples * (bits_allocated // 8))
        return bits_allocated
    if syntax.codec == "jpeg_2000":
        return check_jpeg_2000(frame, rows=rows, columns=columns, samples=samples)
    skeleton = read_skeleton(frame)
    announced = skeleton.frame
    processes = (JPEG_LS,) if syntax.codec == "jpeg_ls" else (BASELINE, EXTENDED, LOSSLESS)
    if (
        announced.process not in processes
        or (announced.width, announced.height, announced.components) != (columns, rows, samples)
        or not 2 <= announced.bits <= 16
        or skeleton.starved
    ):
        raise UnreadableImage(DAMAGED)
    return announced.bits


def _check_rle(frame: bytes, *, pixels: int, segments: int) -> None:
    if len(frame) < _RLE_HEADER.size:
        raise UnreadableImage(DAMAGED)
    count, *offsets = _RLE_HEADER.unpack_from(frame)
    ends = [*offsets[1:count], len(frame)]
    if count != segments or any(
        end - start < pixels // _RLE_BEST or start < _RLE_HEADER.size
        for start, end in zip(offsets[:count], ends, strict=True)
    ):
        raise UnreadableImage(DAMAGED)
