"""Damage to files, the same for the same random state."""

from __future__ import annotations

import struct
import zlib
from random import Random

_NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    60_000,
    100_000_000,
)


def mutated(data: bytes, other: bytes, random: Random) -> bytes:
    """Return ``data`` with one to six changes; parts of ``other`` may be inserted."""
    made = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        random.choice(_CHANGES)(made, other, random)
    if made[:4] == b"\x89PNG" and random.random() < 0.7:
        return _with_checksums(bytes(made))
    return bytes(made)


def _place(data: bytearray, random: Random) -> int:
    """Return a random position, more often in the header, where the sizes are."""
    return random.randrange(max(1, min(len(data), 400 if random.random() < 0.6 else len(data))))


def _flip(data: bytearray, _: bytes, random: Random) -> None:
    if data:
        data[_place(data, random)] ^= 1 << random.randrange(8)


def _byte(data: bytearray, _: bytes, random: Random) -> None:
    if data:
        data[_place(data, random)] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))


def _number(data: bytearray, _: bytes, random: Random) -> None:
    place, number = _place(data, random), random.choice(_NUMBERS)
    size, order = random.choice((2, 4)), random.choice("<>")
    data[place : place + size] = struct.pack(f"{order}I", number)[-size if order == ">" else 0 :][:size]


def _cut(data: bytearray, _: bytes, random: Random) -> None:
    del data[_place(data, random) :]


def _delete(data: bytearray, _: bytes, random: Random) -> None:
    place = _place(data, random)
    del data[place : place + random.choice((1, 2, 4, 64, 1000))]


def _repeat(data: bytearray, _: bytes, random: Random) -> None:
    place = _place(data, random)
    data[place:place] = data[place : place + random.choice((1, 4, 64, 1000))] * random.choice((1, 2, 50))


def _insert(data: bytearray, _: bytes, random: Random) -> None:
    place = _place(data, random)
    data[place:place] = random.randbytes(random.choice((1, 2, 16, 300)))


def _splice(data: bytearray, other: bytes, random: Random) -> None:
    start = random.randrange(max(1, len(other)))
    data[_place(data, random) :] = other[start:]


_CHANGES = (_flip, _flip, _byte, _byte, _number, _number, _cut, _delete, _repeat, _insert, _splice)


def _with_checksums(data: bytes) -> bytes:
    """Return a PNG with correct checksums, so that readers go on to the content of its chunks."""
    made, place = bytearray(data[:8]), 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        body = data[place + 4 : place + 8 + length]
        made += data[place : place + 4] + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + length
    return bytes(made + data[place:])
