"""PNG (ISO/IEC 15948): 1 to 16 bits, grey, colour or palette."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from ..errors import UnreadableImage, UnsuitableImage
from .decoding import COLOUR, DAMAGED, GREY, Decoded, decode_with_opencv
from .orientation import UPRIGHT, exif_orientation

_SIGNATURE = 8
_HEADER = struct.Struct(">I4sIIBBBBBI")
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_MAX_CHUNKS = 200_000


def size(data: bytes) -> tuple[int, int]:
    """Width and height, from the header chunk."""
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


def decode(data: bytes, *, colour: bool, min_side: int | None) -> Decoded:
    """The pixels; transparency is dropped. Every critical chunk's checksum and the stream's end are checked."""
    plain, orientation = _strip(data)
    has_colour = data[_SIGNATURE + 17] in (2, 3, 6)
    pixels = decode_with_opencv(plain, COLOUR if colour and has_colour else GREY)
    return Decoded(pixels, orientation, ("grey",) if has_colour and not colour else ())


def _strip(data: bytes) -> tuple[bytes, int]:
    """The file with nothing but what makes its pixels, and its orientation.

    Profiles and texts can inflate to any size, and colour profiles would bend the grey values: no decoder sees them.
    """
    kept = [memoryview(data)[:_SIGNATURE]]
    orientation = UPRIGHT
    for kind, body, chunk in _chunks(data):
        if kind in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
                raise UnreadableImage(DAMAGED)
            kept.append(chunk)
        elif kind == b"acTL" and int.from_bytes(body[:4], "big") > 1:
            raise UnsuitableImage("The PNG is animated: send a single image.")
        elif kind == b"eXIf":
            orientation = exif_orientation(bytes(body))
    return b"".join(kept), orientation


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Kind, body and whole of each chunk, up to the end chunk."""
    view = memoryview(data)
    position = _SIGNATURE
    for _ in range(_MAX_CHUNKS):
        length = int.from_bytes(view[position : position + 4], "big")
        kind = bytes(view[position + 4 : position + 8])
        end = position + 12 + length
        if len(kind) < 4 or end > len(data):
            break
        yield kind, view[position + 8 : end - 4], view[position:end]
        if kind == b"IEND":
            return
        position = end
    raise UnreadableImage(DAMAGED)
