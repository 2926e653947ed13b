"""How long the GIL is held while a file is read: ``python -m benchmarks.gil FILE…``.

Some decoders hold the global interpreter lock: meanwhile no other thread of the process runs Python, so that
the service reads no other image and answers no request. A second thread notes when it could run; its
longest wait is listed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import NamedTuple

import numpy as np
from rich.console import Console

from model.reading import read

from .tables import Rows

_TICK_S = 0.0005


class Held(NamedTuple):
    """Of one file, medians in ms: ``read`` to read it, ``waited`` the longest wait of the other thread."""

    read: float
    waited: float


def held(data: bytes, *, repeats: int = 5) -> Held:
    """Read an image several times beside another thread.

    Args:
        data: The bytes of an image file.
        repeats: How often it is read, after once that is not counted.

    Raises:
        ImageError: The image cannot be read.
    """
    ticks: list[float] = []
    ended = Event()

    def tick() -> None:
        while not ended.is_set():
            time.sleep(_TICK_S)
            ticks.append(time.perf_counter())

    read(data)
    other = Thread(target=tick)
    other.start()
    found: list[Held] = []
    try:
        for _ in range(repeats):
            begun = time.perf_counter()
            read(data)
            done = time.perf_counter()
            moments = [begun, *(moment for moment in list(ticks) if begun < moment < done), done]
            found.append(Held(1000 * (done - begun), 1000 * float(np.diff(moments).max())))
    finally:
        ended.set()
        other.join()
    return Held(*(median(times) for times in zip(*found, strict=True)))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gil", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    options = parser.parse_args()
    rows: list[tuple[str, ...] | None] = [
        (path.name, *(f"{ms:.0f}" for ms in held(path.read_bytes()))) for path in options.files
    ]
    Rows("The GIL", ("file", "reading, ms", "longest wait of another thread, ms"), rows).show(Console())


if __name__ == "__main__":
    main()
