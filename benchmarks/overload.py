"""Figures of the queueing model: ``python -m benchmarks.overload [--measure]``.

Without options: the shares of 429 and 504 and the latencies at several arrival rates. ``--measure`` sends
such rates to the service itself, with a network that sleeps, and prints what the model says beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from .images import RESULTS, Picture
from .measure import load
from .queueing import Outcome, Service, constant, poisson, simulate
from .report import CONCURRENCY, Report
from .systems import System, started
from .tables import Rows

MEASURED = Service(network_s=0.4, streams=1, queue_size=8)
"""The service with the network that sleeps (`tests.app.serving`): one image at a time, nothing beside it."""
LOADS = (0.5, 0.9, 1.2, 2.0, 5.0)
"""Arrival rates as multiples of the capacity."""


def measure(service: Service, picture: Picture, *, loads: tuple[float, ...], seconds: float) -> list[Outcome]:
    """Return what came of requests to the real service with a network that sleeps, one outcome a load."""
    found = []
    with TemporaryDirectory() as folder:
        (Path(folder) / "go").touch()
        system = System(
            name="sleeping network",
            family="pleura",
            command=(sys.executable, "-m", "tests.app.serving", folder, str(service.network_s)),
            environment={
                "PLEURA_PORT": "{port}",
                "PLEURA_QUEUE_SIZE": str(service.queue_size),
                "PLEURA_DEADLINE_S": str(service.deadline_s),
                "PLEURA_MAX_BATCH": str(service.max_batch),
            },
            path="/segment",
            form_field=None,
            ready="/readyz",
        )
        with started(system) as running:
            for multiple in loads:
                answers = load(running, picture, seconds=seconds, rate=multiple * service.capacity)
                statuses = Counter({int(status): number for status, number in answers["failures"].items()})
                statuses[200] = len(answers["latencies_ms"])
                found.append(Outcome(statuses, answers["latencies_ms"]))
    return found


def compared(service: Service, measured: list[Outcome], *, loads: tuple[float, ...], seconds: float) -> Rows:
    """Return the measured and the simulated figures side by side."""
    rows: list[tuple[str, ...] | None] = []
    for multiple, real in zip(loads, measured, strict=True):
        model = simulate(service, constant(multiple * service.capacity, seconds))
        rows.append(
            (
                f"{multiple:g}",
                f"{multiple * service.capacity:.1f}",
                *(f"{outcome.share(429):.1%}" for outcome in (real, model)),
                *(f"{outcome.percentile(name):.0f}" for name in ("p50", "p99") for outcome in (real, model)),
            )
        )
    columns = ("load", "requests/s", "429", "429, model", "p50 ms", "p50, model", "p99 ms", "p99, model")
    return Rows("The service with a network that sleeps, and the model", columns, rows)


def predicted(service: Service, *, loads: tuple[float, ...], seconds: float) -> Rows:
    """Return what the model says of a service, with arrivals of many clients."""
    rows: list[tuple[str, ...] | None] = []
    for multiple in loads:
        outcome = simulate(service, poisson(multiple * service.capacity, seconds))
        rows.append(
            (
                f"{multiple:g}",
                f"{multiple * service.capacity:.1f}",
                *(f"{outcome.share(status):.2%}" for status in (429, 504)),
                *(f"{outcome.percentile(name):.0f}" for name in ("p50", "p99")),
            )
        )
    title = (
        f"Model: {service.streams} streams of {1000 * service.network_s:.0f} ms, "
        f"{service.queue_size} slots, deadline {service.deadline_s:g} s, Poisson arrivals"
    )
    return Rows(title, ("load", "requests/s", "429", "504", "p50 ms", "p99 ms"), rows)


_NETWORK_MS = "of one image in a stream; by default what the committed results of make bench come to"


def measured_network_ms(streams: int) -> float:
    """Return the time of one image in a stream that gives the measured requests a second.

    Args:
        streams: Images that are in the network at the same time.
    """
    rate = Report.read(RESULTS / "bench.json").rate("Pleura", "512-png8", CONCURRENCY)
    assert rate is not None
    return 1000 * streams / rate


def main() -> None:
    """Print the model's table, and what was measured beside it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure an overload of a network that sleeps")
    parser.add_argument("--seconds", type=float, default=20, help="of each measured load")
    parser.add_argument("--network-ms", type=float, help=_NETWORK_MS)
    parser.add_argument("--prepare-ms", type=float, default=0.0, help="of one image before the network")
    parser.add_argument("--finish-ms", type=float, default=0.0, help="of one image after the network")
    parser.add_argument("--streams", type=int, default=2)
    parser.add_argument("--max-batch", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queue-size", type=int, default=64)
    parser.add_argument("--deadline", type=float, default=30.0, help="seconds")
    options = parser.parse_args()
    if options.measure:
        measured = measure(MEASURED, Picture(512, "png8"), loads=LOADS, seconds=options.seconds)
        compared(MEASURED, measured, loads=LOADS, seconds=options.seconds).show(Console(width=120))
        return
    network_ms = measured_network_ms(options.streams) if options.network_ms is None else options.network_ms
    service = Service(
        network_s=network_ms / 1000,
        prepare_s=options.prepare_ms / 1000,
        finish_s=options.finish_ms / 1000,
        streams=options.streams,
        max_batch=options.max_batch,
        workers=options.workers,
        queue_size=options.queue_size,
        deadline_s=options.deadline,
    )
    print(predicted(service, loads=(0.5, 0.8, 0.9, 0.95, 1.0, 1.1, 1.5, 2.0, 10.0), seconds=600).markdown())


if __name__ == "__main__":
    main()
