"""What a million radiographs cost by engine: ``python -m benchmarks.cost``.

Read from the results that are committed (`benchmarks/results/`): the service's requests a second with eight
at a time, the plain handler's with PyTorch, and the GPU engine's images a second at its best batch size.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .images import RESULTS
from .report import CONCURRENCY, SMALL_SYSTEM, Report
from .tables import Rows, read

IMAGES = 1_000_000
VCPU_HOUR = 0.68 / 16
"""Dollars: a c5.4xlarge in an example of AWS, which docs/how-to/archives.md names."""
_ENGINES = {
    "Pleura": "OpenVINO int8, `pleura serve`",
    SMALL_SYSTEM: "OpenVINO int8, `pleura serve`, small checkpoint",
    "FastAPI eager": "PyTorch fp32, a plain handler",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a million images take.

    Attributes:
        engine, picture, machine: What was measured.
        rate: Images a second on that machine.
        hours: Of one processor, or of one card.
        price: Dollars; None where no price is known.
    """

    engine: str
    picture: str
    machine: str
    rate: float
    hours: float
    price: float | None


def costs(
    report: Report, gpu: dict[str, Any] | None, *, vcpu_hour: float, gpu_hour: float | None
) -> list[Cost]:
    """Return the cost by engine and image.

    Args:
        report: Of `make bench`.
        gpu: Of `make bench-gpu`; None if it has not run.
        vcpu_hour: Dollars for an hour of one processor.
        gpu_hour: Dollars for an hour of the card.
    """
    machine = report.machine
    cpus = machine["cpus"]
    where = f"{machine['processor']}, {cpus} processors, {machine['began'][:10]}"
    found = []
    for system, engine in _ENGINES.items():
        for picture in dict.fromkeys(point["picture"] for point in report.closed):
            rate = report.rate(system, picture, CONCURRENCY)
            if rate:
                hours = IMAGES / rate * cpus / 3600
                found.append(Cost(engine, picture, where, rate, hours, hours * vcpu_hour))
    if gpu is not None:
        rate = max(point["rate"] for point in gpu["points"])
        hours = IMAGES / rate / 3600
        price = None if gpu_hour is None else hours * gpu_hour
        where = ", ".join((gpu["card"], *((gpu["machine"]["began"][:10],) if "machine" in gpu else ())))
        found.append(Cost("CUDA fp16, the engine alone", "no decoding", where, rate, hours, price))
    return found


def table(found: list[Cost]) -> Rows:
    """Return the costs as a table."""
    return Rows(
        "A million radiographs",
        ("engine", "picture", "images/s", "hours of one processor or card", "price", "measured on"),
        [
            (
                cost.engine,
                cost.picture,
                f"{cost.rate:.4g}",
                f"{cost.hours:.3g}",
                "" if cost.price is None else f"${cost.price:.2f}",
                cost.machine,
            )
            for cost in found
        ],
    )


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS / "bench.json", help="of make bench")
    parser.add_argument("--vcpu-hour", type=float, default=VCPU_HOUR, help="dollars")
    parser.add_argument("--gpu-hour", type=float, help="dollars")
    options = parser.parse_args()
    report = Report.read(options.results)
    if report.on_cuda:
        parser.error(f"{options.results.name} was measured on a GPU: name the results of a run on a CPU.")
    found = costs(report, read("engines-cuda.json"), vcpu_hour=options.vcpu_hour, gpu_hour=options.gpu_hour)
    print(table(found).markdown())


if __name__ == "__main__":
    main()
