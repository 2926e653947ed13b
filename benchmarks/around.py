"""What surrounds the network: ``python -m benchmarks.around``.

Requests a second of services whose network takes no time: it has answered one image, and gives this answer
for all others. It poses as a card, with two streams and batches. What is left is HTTP, reading, and what
follows the network: the table shows how many requests a process can answer, whatever its card does.
"""

from __future__ import annotations

import argparse
import os
import sys

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from model.engines import EngineOutput
from model.segmenter import Segmenter
from model.threads import available_cpus

from .images import Picture
from .measure import load
from .report import CUDA_CONCURRENCY
from .systems import System, served_checkpoint, started
from .tables import Rows


class Recorded:
    """Gives the answer for one image to all.

    Args:
        output: Of a batch of one image.
    """

    name = "recorded"
    device = "cuda"
    max_batch = 32
    streams = 2

    def __init__(self, output: EngineOutput) -> None:
        self._output = output

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        """See `Engine`."""
        return EngineOutput(*(np.repeat(part, len(batch), axis=0) for part in self._output))


def recorded_segmenter(picture: Picture) -> Segmenter:
    """Return the served checkpoint with its network's answer for a picture."""
    segmenter = Segmenter(served_checkpoint(), device="cpu")
    prepared = segmenter.prepare(picture.data())
    output = segmenter.engine(prepared.input[None])
    return Segmenter.from_engine(segmenter.metadata, Recorded(output))


def measure(processes: int, picture: Picture, *, seconds: float) -> tuple[float, float]:
    """Return requests a second, and the processor time of the services for each in ms."""
    system = System(
        name=f"around the network, {processes}",
        family="pleura",
        command=(sys.executable, "-m", "benchmarks.around", "--serve"),
        environment={"PLEURA_PORT": "{port}", "PLEURA_QUEUE_SIZE": str(2 * CUDA_CONCURRENCY)},
        path="/segment",
        form_field=None,
        ready="/readyz",
        processes=processes,
    )
    with started(system) as running:
        before = running.cpu_s()
        found = load(running, picture, seconds=seconds, concurrency=CUDA_CONCURRENCY)
        cpu_ms = 1000 * (running.cpu_s() - before) / found["sent"]
    return len(found["latencies_ms"]) / found["seconds"], cpu_ms


def main() -> None:
    """Measures and prints; or serves."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.around", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--processes", type=int, default=available_cpus(), help="the most services at a time")
    parser.add_argument("--serve", action="store_true", help="be one of the services")
    options = parser.parse_args()
    picture = Picture(512, "png8")
    if options.serve:
        from app.server import serve
        from app.settings import Settings

        failure = serve(Settings(), segmenter=recorded_segmenter(picture))
        os._exit(1 if failure else 0)
    rows: list[tuple[str, ...] | None] = []
    for processes in range(1, options.processes + 1):
        rate, cpu_ms = measure(processes, picture, seconds=options.seconds)
        rows.append((str(processes), f"{rate:.0f}", f"{cpu_ms:.1f}", f"{rate * cpu_ms / 1000:.2f}"))
    columns = ("processes", "requests/s", "CPU ms a request", "processors busy")
    title = f"Without the network, {picture.name}, {CUDA_CONCURRENCY} at a time"
    Rows(title, columns, rows).show(Console())


if __name__ == "__main__":
    main()
