"""WebP (RFC 9649): lossy and lossless, still images."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import UnreadableImage, UnsuitableImage
from .decoding import DAMAGED, GREY, STORED, Decoded, decode_with_opencv, split_alpha
from .memory_file import Data
from .orientation import UPRIGHT, exif_orientation

_CHUNKS = 12
_ANIMATED = 0x02
_MAX_CHUNKS = 1_000


def size(data: Data) -> tuple[int, int]:
    """Return width and height from the first chunk.

    Raises:
        UnreadableImage: The file is incomplete, or the first chunk is none of the standard's.
    """
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise UnreadableImage(DAMAGED)
    # VP8X and VP8L store sides less one, of 24 and 14 bits; in VP8 a start code is first (RFC 6386, 9.1), and
    # the upper 2 of 16 bits are a scale.
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise UnreadableImage(DAMAGED)


def decode(data: Data, *, colour: bool, min_side: int | None) -> Decoded:
    """Return the pixels; WebP has no grey, so grey is computed from colour.

    Args:
        data: The bytes of the file.
        colour: Keep colours and opacity, as masks require; else return grey.
        min_side: Not used: WebP is decoded at full size.

    Raises:
        UnreadableImage: The file is damaged or incomplete.
        UnsuitableImage: It is an animation.
    """
    if len(data) < 8 + int.from_bytes(data[4:8], "little"):
        raise UnreadableImage(DAMAGED)
    orientation, lossy = UPRIGHT, False
    for kind, body in _chunks(data):
        lossy = lossy or kind == b"VP8 "
        if kind == b"ANMF" or (kind == b"VP8X" and int.from_bytes(body[:1]) & _ANIMATED):
            raise UnsuitableImage("The WebP is animated: send a single image.")
        if kind == b"EXIF":
            orientation = exif_orientation(bytes(body))
    if not colour:
        return Decoded(decode_with_opencv(data, GREY), orientation, ("grey",))
    pixels, alpha = split_alpha(decode_with_opencv(data, STORED))
    return Decoded(pixels, orientation, alpha=alpha, lossy=lossy)


def _chunks(data: Data) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)[: 8 + int.from_bytes(data[4:8], "little")]
    position = _CHUNKS
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(view):
            return
        end = position + 8 + int.from_bytes(view[position + 4 : position + 8], "little")
        if end > len(view):
            break
        yield bytes(view[position : position + 4]), view[position + 8 : end]
        position = end + end % 2
    raise UnreadableImage(DAMAGED)
