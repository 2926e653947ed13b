"""The directories of a TIFF 6.0 or BigTIFF file, parsed before any pixel is decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import UnreadableImage
from .decoding import DAMAGED
from .memory_file import Data
from .orientation import UPRIGHT, valid_orientation

(
    SUBFILE,
    WIDTH,
    HEIGHT,
    BITS,
    COMPRESSION,
    PHOTOMETRIC,
    STRIP_OFFSETS,
    ORIENTATION,
    SAMPLES,
    STRIP_BYTES,
    PLANES,
    PREDICTOR,
) = (254, 256, 257, 258, 259, 262, 273, 274, 277, 279, 284, 317)
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, SUB_DIRECTORIES, EXTRA, SAMPLE_FORMAT = (
    322,
    323,
    324,
    325,
    330,
    338,
    339,
)
"""Tags."""

MAX_PAGES = 16
"""The most directories that are parsed."""

_MAX_ENTRIES, _MAX_NUMBERS = 1000, 1_000_000
_ORDERS = {b"II": "<", b"MM": ">"}
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Types of whole numbers: BYTE, SHORT, LONG, IFD, LONG8, IFD8."""

_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A field.

    Attributes:
        at: The position of its tag in the file.
        value_at: The position of its first number.
        kind: The type, as `_NUMBERS` has it.
        count: How many numbers it has.
    """

    at: int
    value_at: int
    kind: int
    count: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One page.

    Attributes:
        data: The file.
        order: ``"<"`` or ``">"``, as of `struct`.
        big: Whether the file is BigTIFF.
        at: The position of the directory.
        entries: The fields by tag.
    """

    data: Data
    order: str
    big: bool
    at: int
    entries: dict[int, Entry]

    def numbers(self, tag: int, default: int = 0) -> tuple[int, ...]:
        """Return the integers of a field.

        Args:
            tag: The field's tag.
            default: The only number of a field that is missing, invalid or outside the file.
        """
        entry = self.entries.get(tag)
        code = None if entry is None else _NUMBERS.get(entry.kind)
        if entry is None or code is None or not 0 < entry.count <= _MAX_NUMBERS:
            return (default,)
        if entry.value_at + entry.count * struct.calcsize(code) > len(self.data):
            return (default,)
        return struct.unpack_from(f"{self.order}{entry.count}{code}", self.data, entry.value_at)

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first of `numbers`."""
        return self.numbers(tag, default)[0]

    @property
    def samples(self) -> int:
        """Values per pixel."""
        return self.number(SAMPLES, 1)

    @property
    def bits(self) -> int:
        """Bits per value; the most if they differ."""
        return max(self.numbers(BITS, 1))

    @property
    def tile_width(self) -> int:
        """Columns of a tile; 0 for strips."""
        return self.number(TILE_WIDTH) if TILE_OFFSETS in self.entries else 0

    @property
    def orientation(self) -> int:
        """The orientation, 1 to 8, as in EXIF."""
        return valid_orientation(self.number(ORIENTATION, UPRIGHT))

    @property
    def is_picture(self) -> bool:
        """Whether this is neither a thumbnail nor a transparency mask of another page."""
        return not self.number(SUBFILE) & (_REDUCED | _MASK)


def directories(data: Data) -> list[Directory]:
    """Return the first `MAX_PAGES` pages, and one more if there are more.

    Raises:
        UnreadableImage: There is no complete directory.
    """
    order = _ORDERS.get(bytes(data[:2]))
    if order is None or len(data) < 16:
        raise UnreadableImage(DAMAGED)
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    if big and struct.unpack_from(order + "HH", data, 4) != (8, 0):
        raise UnreadableImage(DAMAGED)
    found = list(_chain(data, order, big=big))
    if not found:
        raise UnreadableImage(DAMAGED)
    return found


def first_at(data: Data, directory: Directory) -> Data:
    """Return the file with another directory as its first, the one that all decoders read.

    Args:
        data: The bytes of the file.
        directory: One of its directories.

    Returns:
        A changed copy.
    """
    changed = bytearray(data)
    struct.pack_into(
        directory.order + ("Q" if directory.big else "I"), changed, 8 if directory.big else 4, directory.at
    )
    return memoryview(changed)


def _chain(data: Data, order: str, *, big: bool) -> Iterator[Directory]:
    offset, entry_size, inline = ("Q", 20, 8) if big else ("I", 12, 4)
    at, seen = 8 if big else 4, set()
    for _ in range(MAX_PAGES + 1):
        try:
            (start,) = struct.unpack_from(order + offset, data, at)
            if not 0 < start < len(data) or start in seen:
                return
            seen.add(start)
            (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
            if count > _MAX_ENTRIES:
                return
            at = start + (8 if big else 2)
            entries = {}
            for _ in range(count):
                tag, kind, numbers = struct.unpack_from(order + "HH" + offset, data, at)
                value_at = at + entry_size - inline
                if numbers * struct.calcsize(_NUMBERS.get(kind, "Q")) > inline and kind in _NUMBERS:
                    (value_at,) = struct.unpack_from(order + offset, data, value_at)
                entries[tag] = Entry(at, value_at, kind, numbers)
                at += entry_size
        except struct.error:
            return
        yield Directory(data, order, big, start, entries)
