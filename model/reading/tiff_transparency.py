"""Decoding of 16-bit grey TIFF with transparency as a grey image of twice the width.

No decoder here supports it directly. Grey and transparency alternate in each row, so with changed
directory entries the columns of the wide image are grey, transparency, grey, … This works for every
supported compression.
"""

from __future__ import annotations

import struct

import numpy as np

from ..radiograph import Grey
from .memory_file import Data
from .tiff_directory import (
    BITS,
    COMPRESSION,
    EXTRA,
    HEIGHT,
    ORIENTATION,
    PREDICTOR,
    SAMPLE_FORMAT,
    SAMPLES,
    TILE_WIDTH,
    WIDTH,
    Directory,
)

_LONG, _LONG8, _UNUSED = 4, 16, 65000
"""Field types, and a private tag, which decoders ignore."""

_PREDICTED = (5, 8, 32946)
"""LZW and deflate; other compressions have no predictor."""


def widened(page: Directory) -> Data:
    """Return the file as 16-bit grey of twice the width, without orientation and predictor."""
    changed = bytearray(page.data)
    _set(changed, page, WIDTH, 2 * page.number(WIDTH))
    _set(changed, page, BITS, 16)
    _set(changed, page, SAMPLES, 1)
    if page.tile_width:
        _set(changed, page, TILE_WIDTH, 2 * page.tile_width)
    _set(changed, page, PREDICTOR, 1)
    _set(changed, page, ORIENTATION, 1)
    for tag in (EXTRA, SAMPLE_FORMAT):
        if tag in page.entries:
            struct.pack_into(page.order + "H", changed, page.entries[tag].at, _UNUSED)
    return memoryview(changed)


def narrowed(wide: Grey, page: Directory) -> Grey:
    """Return the stored grey values ``(h, w)`` from the decoded file of `widened`."""
    grey = wide[: page.number(HEIGHT), ::2].copy()
    if page.number(PREDICTOR, 1) == 2 and page.number(COMPRESSION, 1) in _PREDICTED:
        # The predictor stores differences of neighbours, and starts again in each tile.
        step = page.tile_width or grey.shape[1]
        for left in range(0, grey.shape[1], step):
            tile = grey[:, left : left + step]
            np.cumsum(tile, axis=1, dtype=np.uint16, out=tile)
    return grey


def _set(changed: bytearray, page: Directory, tag: int, value: int) -> None:
    entry = page.entries.get(tag)
    if entry is not None:
        kind, code = (_LONG8, "QQ") if page.big else (_LONG, "II")
        struct.pack_into(f"{page.order}H{code}", changed, entry.at + 2, kind, 1, value)
