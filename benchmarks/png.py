"""What decoding a PNG consists of: ``python -m benchmarks.png [--side 2048]``.

Processor time of inflating its pixels alone, with zlib, against the whole decoding by kornia-rs, which the
service uses, and by OpenCV. The three are measured in turn, so that the shares hold on a busy machine too.
"""

from __future__ import annotations

import argparse
import struct
import zlib
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Literal

import cv2
import numpy as np
from kornia_rs.io import decode_image_png_u8, decode_image_png_u16
from rich.console import Console

from samples.phantom import phantom

from .tables import Rows

_SEED = 7


def idat(data: bytes) -> bytes:
    """Return a PNG's compressed pixels: the contents of its IDAT chunks, joined."""
    parts, at = [], 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            parts.append(data[at + 8 : at + 8 + length])
        at += 12 + length
    return b"".join(parts)


def times(side: int, bits: Literal[8, 16], *, rounds: int) -> dict[str, float]:
    """Return milliseconds of processor time: inflating, kornia-rs, OpenCV; the median of the rounds."""
    pixels = phantom(width=side, height=side, seed=_SEED, bits=bits).pixels
    data = cv2.imencode(".png", pixels)[1].tobytes()
    compressed, array = idat(data), np.frombuffer(data, np.uint8)
    decode = decode_image_png_u8 if bits == 8 else decode_image_png_u16
    calls: dict[str, Callable[[], object]] = {
        "inflate": lambda: zlib.decompress(compressed),
        "kornia-rs": lambda: decode(data, (side, side), "mono"),
        "OpenCV": lambda: cv2.imdecode(array, cv2.IMREAD_UNCHANGED),
    }
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = process_time()
            call()
            found[name].append(1000 * (process_time() - start))
    return {name: median(each) for name, each in found.items()}


def table(side: int, *, rounds: int) -> Rows:
    """Return the times and shares for 8 and 16 bits."""
    rows: list[tuple[str, ...] | None] = []
    kinds: tuple[Literal[8, 16], ...] = (8, 16)
    for bits in kinds:
        found = times(side, bits, rounds=rounds)
        inflate, rust, opencv = found.values()
        rows.append(
            (
                f"PNG of {side}²",
                f"{bits} bits",
                *(f"{ms:.1f}" for ms in (inflate, rust, opencv)),
                *(f"{inflate / whole:.0%}" for whole in (rust, opencv)),
            )
        )
    columns = ("image", "", "zlib ms", "kornia-rs ms", "OpenCV ms", "zlib / kornia-rs", "zlib / OpenCV")
    return Rows("Inflating alone and whole decoding, processor time", columns, rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.png", description=__doc__)
    parser.add_argument("--side", type=int, default=2048, help="pixels")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    table(options.side, rounds=options.rounds).show(Console(width=120))


if __name__ == "__main__":
    main()
