"""Tables of the measurements, for a terminal or as Markdown: ``python -m benchmarks.tables``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from .images import RESULTS
from .report import BOUND, CONCURRENCY, CUDA_CONCURRENCY, Point, Report

LOAD = "load_average_at_start"


@dataclass(frozen=True, slots=True)
class Rows:
    """A table; a row of None stands for a line between."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...] | None]

    def show(self, console: Console) -> None:
        """Print it."""
        table = Table(title=self.title)
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index > 1 else "left")
        for row in self.rows:
            if row is None:
                table.add_section()
            else:
                table.add_row(*row)
        console.print(table)

    def markdown(self) -> str:
        """As Markdown, its title above it."""
        lines = [self.columns, ("---", "---", *("---:" for _ in self.columns[2:]))[: len(self.columns)]]
        lines += [row for row in self.rows if row is not None]
        return f"{self.title}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def throughput(report: Report) -> Rows:
    """Each system with each picture."""
    concurrencies = (1, CONCURRENCY, *((CUDA_CONCURRENCY,) if report.on_cuda else ()))
    rows: list[tuple[str, ...] | None] = [
        (
            BOUND,
            picture,
            f"{1000 / median(point['alone_ms'] for point in found):.2f}",
            f"{median(point['images_per_s'] for point in found):.2f}",
            # Further concurrencies, and the open loop.
            *("" for _ in (*concurrencies[2:], "open")),
            f"{median(point['cpu_ms'] for point in found):.0f}",
            "",
        )
        for picture, found in _by_picture(report.upper_bound).items()
    ]
    for system in report.systems:
        rows.append(None)
        name = system["name"]
        points = [point for point in report.closed if point["system"] == name]
        for picture, here in _by_picture(points).items():
            cpu_ms = [point["cpu_ms"] for point in here if point["concurrency"] == CONCURRENCY]
            rows.append(
                (
                    name,
                    picture,
                    *(report.throughput(name, picture, concurrency) for concurrency in concurrencies),
                    report.latencies(name, picture),
                    f"{median(cpu_ms):.0f}" if cpu_ms else "",
                    f"{max(point['peak_mb'] for point in here):.0f}",
                )
            )
    return Rows(
        "Requests a second (closed loop), latencies p50/p95/p99 in ms (open loop)",
        (
            "system",
            "picture",
            *(f"c={concurrency}" for concurrency in concurrencies),
            "at 70 % of its capacity",
            "CPU ms at c=8",
            "peak MB",
        ),
        rows,
    )


def _by_picture(points: list[Point]) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point["picture"], []).append(point)
    return found


def figures(report: Report) -> Rows:
    """Return the table of figures and goals."""
    return Rows(
        f"Ratios at concurrency {CONCURRENCY}, and the other figures",
        ("figure", "picture", "found", "95 % interval", "goal"),
        [
            (
                figure.title,
                figure.picture,
                "not measured" if figure.found is None else f"{figure.found:.2f}",
                figure.interval,
                figure.goal,
            )
            for figure in report.figures()
        ],
    )


def stages(profile: dict[str, Any]) -> Rows:
    """Where the time of one request goes."""
    parts = {
        **profile["stages_ms"],
        "HTTP, threads, client": profile["rest_ms"],
        "all": profile["request_ms"],
    }
    share = ("outside the network", f"{profile['outside']:.1%}")
    return Rows(
        f"One request at a time, {profile['picture']}",
        ("stage", "ms"),
        [*((stage, f"{ms:.2f}") for stage, ms in parts.items()), share],
    )


def gpu(found: dict[str, Any] | None) -> Rows:
    """Return the table of the GPU engine by batch size."""
    columns = (
        *("card", "batch", "host to host, images/s", "times eager fp32", "TFLOP/s", "of the fp16 peak"),
        *("card alone, images/s", "of the fp16 peak, alone"),
    )
    title = "The engine on a GPU (goals on an H100: 8,000 images/s host to host; alone, 25 % of the peak)"
    if found is None:
        return Rows(title, columns, [("no CUDA device", *("not measured" for _ in columns[1:]))])
    rows: list[tuple[str, ...] | None] = [
        (
            found["card"],
            str(point["batch"]),
            f"{point['rate']:.0f}",
            f"{point['ratio']:.1f}",
            f"{point['tflops']:.1f}",
            _share_of_peak(point["share"]),
            *(
                (f"{point['alone_rate']:.0f}", _share_of_peak(point["alone_share"]))
                if "alone_rate" in point
                else ("not measured", "not measured")
            ),
        )
        for point in found["points"]
    ]
    # The results of before there were fused convolutions do not say.
    return Rows(title if found.get("fused") else f"{title}, its convolutions not fused", columns, rows)


def tensor_rt(found: dict[str, Any] | None) -> Rows:
    """Return the table of TensorRT against the service's engine."""
    columns = (
        *("batch", "host to host, images/s", "times the service's", "card alone, images/s"),
        *("times the service's, alone", "pixels that differ", "seconds to build"),
    )
    title = "TensorRT, fp16, in the service's buffers, graphs and streams"
    if found is None:
        return Rows(title, columns, [("no card, or no TensorRT", *("not measured" for _ in columns[1:]))])
    rows: list[tuple[str, ...] | None] = [
        (
            str(point["batch"]),
            *(
                text
                for rate in ("rate", "alone_rate")
                for text in (
                    f"{point['tensorrt'][rate]:.0f}",
                    f"{point['tensorrt'][rate] / point['service'][rate]:.2f}",
                )
            ),
            f"{point['different_pixels']:.3%}",
            f"{point['build_s']:.0f}",
        )
        for point in found["points"]
    ]
    return Rows(title, columns, rows)


def _share_of_peak(share: float | None) -> str:
    return "unknown card" if share is None else f"{share:.0%}"


def training(found: dict[str, Any]) -> Rows:
    """Images a second while training."""
    return Rows(
        f"Training at {found['size']}², batches of {found['batch_size']}, on {found['device']}",
        ("loop", "what is done", "images/s", "times plain"),
        [
            (row["name"], row["told"], f"{row['rate']:.3g}", f"{row['ratio']:.2f}" if row["ratio"] else "")
            for row in found["rows"]
        ],
    )


def read(name: str) -> dict[str, Any] | None:
    """Read the results of another benchmark; None if it has not run."""
    path = RESULTS / name
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return found


def heading(report: Report) -> str:
    """Return a sentence about the machine and the run."""
    machine = report.machine
    versions = machine.get("versions", {})
    return (
        f"{'On CUDA: ' if report.on_cuda else ''}"
        f"{machine['processor']}, {machine['cpus']} processors ({', '.join(machine['instructions'])}), "
        f"{machine['began']}, checkpoint {machine['checkpoint']}"
        + (f", commit {machine['commit']}" if "commit" in machine else "")
        + (f", OpenVINO {versions['openvino']}" if "openvino" in versions else "")
        + (f", {machine['card']}" if "card" in machine else "")
        + (f", load before the run {machine[LOAD]:.1f}" if LOAD in machine else "")
        + "."
    )


def main() -> None:
    """Print all that was measured last as Markdown."""
    for path in (RESULTS / f"{name}.json" for name in ("bench", "bench-cuda")):
        if path.exists():
            report = Report.read(path)
            print(f"{heading(report)}\n")
            tables = [throughput(report), figures(report)]
            for table in (*tables, *([stages(report.profile)] if report.profile else [])):
                print(table.markdown())
    print(gpu(read("engines-cuda.json")).markdown())
    print(tensor_rt(read("tensorrt-cuda.json")).markdown())
    for name in ("training.json", "training-cuda.json"):
        if (trained := read(name)) is not None:
            print(training(trained).markdown())


if __name__ == "__main__":
    main()
