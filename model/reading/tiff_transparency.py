"""16-bit grey TIFF with transparency, which Pillow does not open: the same file as grey of twice the width.

Grey and transparency alternate in each row. With the directory's entries changed, the columns of the
wide image are grey, transparency, grey, ...: every compression that Pillow reads is read this way.
"""

from __future__ import annotations

import struct

from ..errors import UnsupportedImage
from .memory_file import Data

_CLASSIC = {b"II*\x00": "<", b"MM\x00*": ">"}
_SHORT = 3
_WIDTH, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANES, _PREDICTOR, _EXTRA = 256, 258, 262, 277, 284, 317, 338
_GREY = (0, 1)
_MAX_ENTRIES = 1000


def widened(data: Data) -> bytes | None:
    """Return the file as 16-bit grey of twice the width, or None where it is not grey with transparency.

    Raises:
        UnsupportedImage: the planes are separate, or values are stored as differences.
    """
    order = _CLASSIC.get(bytes(data[:4]))
    if order is None:
        return None
    entries = _entries(data, order)
    value = {tag: _first(data, at, order) for tag, at in entries.items()}
    pairs = _BITS in entries and struct.unpack_from(order + "I", data, entries[_BITS] + 4)[0] == 2
    if not pairs or value[_BITS] != 16 or value.get(_SAMPLES) != 2 or value.get(_PHOTOMETRIC) not in _GREY:
        return None
    if value.get(_PLANES, 1) != 1 or value.get(_PREDICTOR, 1) != 1:
        raise UnsupportedImage(
            "A 16-bit TIFF with transparency is read with interleaved values and without a predictor only: "
            "save it without transparency."
        )
    changed = bytearray(data)
    for tag, new in ((_WIDTH, 2 * value[_WIDTH]), (_BITS, 16), (_SAMPLES, 1)):
        kind, narrow = ("H", new <= 0xFFFF) if tag != _WIDTH else ("I", False)
        struct.pack_into(order + "HI", changed, entries[tag] + 2, _SHORT if narrow else 4, 1)
        struct.pack_into(order + kind, changed, entries[tag] + 8, new)
    if _EXTRA in entries:
        # A private tag, which nobody reads.
        struct.pack_into(order + "H", changed, entries[_EXTRA], 65000)
    return bytes(changed)


def _entries(data: Data, order: str) -> dict[int, int]:
    """Return where each entry of the first directory lies; nothing where it is not whole."""
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        if count > _MAX_ENTRIES:
            return {}
        places = [start + 2 + 12 * index for index in range(count)]
        return {struct.unpack_from(order + "H", data, at)[0]: at for at in places if at + 12 <= len(data)}
    except struct.error:
        return {}


def _first(data: Data, at: int, order: str) -> int:
    """Return the first number of an entry of type SHORT or LONG; 0 of any other."""
    kind, count = struct.unpack_from(order + "HI", data, at + 2)
    code = {_SHORT: "H", 4: "I"}.get(kind)
    if code is None:
        return 0
    where = at + 8
    if count * struct.calcsize(code) > 4:
        (where,) = struct.unpack_from(order + "I", data, where)
    try:
        return int(struct.unpack_from(order + code, data, where)[0])
    except struct.error:
        return 0
