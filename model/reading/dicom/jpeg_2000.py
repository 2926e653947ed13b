"""A parser of JPEG 2000 headers (ISO/IEC 15444-1, Annex A) that decodes nothing.

OpenJPEG allocates memory for every precinct, code-block and layer that a header announces, even if no
data follow (CVE-2023-39329 is one such fault). The required memory is computed here, and excessive
headers are rejected.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...errors import UnreadableImage, UnsupportedImage
from .dataset import DAMAGED

_START, _SIZE, _TILE_PART, _DATA, _END = b"\xff\x4f", 0xFF51, 0xFF90, 0xFF93, b"\xff\xd9"
_CODING = 0xFF52
_REVERSIBLE = 1
_OVERRIDES = frozenset({0xFF53, 0xFF5F, 0xFF60, 0xFF61})
"""Markers that override the header: a component's coding style, progression changes, packed headers."""
_BOXED = b"\x00\x00\x00\x0cjP  "
_SIZE_BODY = struct.Struct(">H8LH")
_TILE_PART_BODY = struct.Struct(">HLBB")

_MAX_SEGMENTS = 100_000
_MAX_TILES = 16_384
_MAX_BLOCKS = 2_000_000
_MAX_PACKETS = 2_000_000


@dataclass(frozen=True, slots=True)
class Jpeg2000:
    """The main header (ISO/IEC 15444-1 A.5).

    Attributes:
        width: Columns of the image.
        height: Rows of the image.
        tile_width: Columns of a tile.
        tile_height: Rows of a tile.
        components: The number of components.
        bits: Bits per sample, the sign included.
        signed: Whether samples are signed.
        reversible: Whether the 5/3 wavelet was used, which can be lossless.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    components: int
    bits: int
    signed: bool
    reversible: bool = True

    @property
    def tiles(self) -> int:
        """The number of tiles."""
        return -(-self.width // self.tile_width) * -(-self.height // self.tile_height)


def is_jpeg_2000(frame: bytes) -> bool:
    """Return whether these bytes begin a codestream, or a JP2 file with one."""
    return frame.startswith((_START + b"\xff\x51", _BOXED))


def read_jpeg_2000(frame: bytes) -> Jpeg2000:
    """Return the main header, after a check that the codestream is complete and bounded.

    Raises:
        UnreadableImage: The codestream is incomplete, or announces far more parts than an encoder makes.
        UnsupportedImage: The codestream overrides its coding style.
    """
    position = frame.find(_START + b"\xff\x51") if frame.startswith(_BOXED) else 0
    if position < 0 or not frame.startswith(_START, position):
        raise UnreadableImage(DAMAGED)
    grid: Jpeg2000 | None = None
    coded = False
    for marker, body, end in _segments(frame, position + 2):
        if marker == _SIZE and grid is None:
            grid = _grid(body)
        elif marker == _CODING and grid is not None and not coded:
            _check_coding(grid, body)
            grid, coded = replace(grid, reversible=body[9] == _REVERSIBLE), True
        elif marker == _TILE_PART and grid is not None and coded:
            _check_tile_parts(frame, end - 12, tiles=grid.tiles)
            return grid
        elif marker in (_SIZE, _CODING, _TILE_PART):
            break
    raise UnreadableImage(DAMAGED)


def _segments(frame: bytes, position: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield marker, body, and the position of the next segment."""
    for _ in range(_MAX_SEGMENTS):
        if position + 4 > len(frame):
            break
        marker, length = struct.unpack_from(">HH", frame, position)
        if marker in _OVERRIDES:
            raise UnsupportedImage("This kind of JPEG 2000 is not read. Send the DICOM file uncompressed.")
        end = position + 2 + length
        if marker < 0xFF00 or length < 2 or end > len(frame):
            break
        yield marker, frame[position + 4 : end], end
        position = end
    raise UnreadableImage(DAMAGED)


def _grid(body: bytes) -> Jpeg2000:
    if len(body) < _SIZE_BODY.size:
        raise UnreadableImage(DAMAGED)
    _, right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, components = (
        _SIZE_BODY.unpack_from(body)
    )
    parts = body[_SIZE_BODY.size :]
    # Grids with an offset and subsampled components are legal, but do not occur in DICOM.
    whole = (
        len(parts) == 3 * components
        and components > 0
        and parts[1::3] + parts[2::3] == b"\x01" * 2 * components
    )
    depths = set(parts[::3])
    if (
        not whole
        or (left, top, tile_left, tile_top) != (0, 0, 0, 0)
        or 0 in (tile_width, tile_height, right, bottom)
    ):
        raise UnreadableImage(DAMAGED)
    depth = depths.pop()
    bits, signed = (depth & 0x7F) + 1, bool(depth & 0x80)
    if depths or bits > 16:
        raise UnreadableImage(DAMAGED)
    return Jpeg2000(right, bottom, min(tile_width, right), min(tile_height, bottom), components, bits, signed)


def _check_coding(grid: Jpeg2000, body: bytes) -> None:
    if len(body) < 10:
        raise UnreadableImage(DAMAGED)
    style, layers, levels = body[0], int.from_bytes(body[2:4], "big"), body[5]
    block_width, block_height = 4 << (body[6] & 15), 4 << (body[7] & 15)
    precincts = body[10:] if style & 1 else b"\xff" * (levels + 1)
    if levels > 32 or len(precincts) != levels + 1 or grid.tiles > _MAX_TILES:
        raise UnreadableImage(DAMAGED)
    packets = blocks = 0
    for level, exponents in enumerate(precincts):
        width = -(-grid.tile_width >> (levels - level)) or 1
        height = -(-grid.tile_height >> (levels - level)) or 1
        precinct_width, precinct_height = 1 << (exponents & 15), 1 << (exponents >> 4)
        # One more in each direction: tiles need not begin at the edge of a precinct.
        count = (width // precinct_width + 2) * (height // precinct_height + 2)
        packets += count
        # The code-blocks of the three bands of a level, which have half its size; at least one per precinct.
        blocks += 3 * count + width * height // (min(block_width, width) * min(block_height, height))
    parts = grid.tiles * grid.components
    if parts * blocks > _MAX_BLOCKS or parts * packets * max(layers, 1) > _MAX_PACKETS:
        raise UnreadableImage(
            "The JPEG 2000 image has far more parts than an encoder makes. Send it uncompressed."
        )


def _check_tile_parts(frame: bytes, position: int, *, tiles: int) -> None:
    """Check that every tile is present and every tile-part is complete."""
    seen: set[int] = set()
    for _ in range(_MAX_SEGMENTS):
        if frame.startswith(_END, position):
            break
        if int.from_bytes(frame[position : position + 2], "big") != _TILE_PART or position + 12 > len(frame):
            raise UnreadableImage(DAMAGED)
        tile, length, _, _ = _TILE_PART_BODY.unpack_from(frame, position + 4)
        seen.add(tile)
        _check_tile_header(frame[position + 12 : position + length if length else None])
        if length == 0:
            # The last part extends to the end of the codestream.
            if not frame.rstrip(b"\x00").endswith(_END):
                raise UnreadableImage(DAMAGED)
            break
        position += length
        if length < 14 or position > len(frame):
            raise UnreadableImage(DAMAGED)
    else:
        raise UnreadableImage(DAMAGED)
    if seen != set(range(tiles)):
        raise UnreadableImage(DAMAGED)


def _check_tile_header(part: bytes) -> None:
    position = 0
    while int.from_bytes(part[position : position + 2], "big") != _DATA:
        marker, _, position = next(_segments(part, position))
        if marker == _CODING:
            raise UnsupportedImage("This kind of JPEG 2000 is not read. Send the DICOM file uncompressed.")
