"""All benchmarks in one run on one machine: ``python -m benchmarks``, called by ``make bench``."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from .bench import Bench, Plan
from .images import PICTURES, RESULTS
from .machine import has_cuda
from .peer_systems import PEERS, selected
from .plot import plot
from .report import CUDA_CONCURRENCY, Report
from .systems import served_checkpoint
from .tables import figures, gpu, heading, read, stages, throughput


def main() -> int:
    """Run the benchmarks, print the tables and write the report."""
    options = parser().parse_args()
    console = Console(width=max(160, Console().width))
    if options.device == "cuda" and not has_cuda():
        console.print("not measured: there is no CUDA device here")
        return 0
    checkpoint = served_checkpoint()
    if options.device == "cpu" and not checkpoint.with_suffix(".int8.xml").exists():
        console.print(f"{checkpoint.name} has no int8 model beside it: run `pleura export` first.")
        return 1
    words = [word for word in (options.systems or "").split(",") if word]
    peers = selected(checkpoint, device=options.device, words=words)
    if words and words != ["none"] and not peers:
        console.print(f"No peer has {options.systems} in its name: try FastAPI, LitServe or BentoML.")
        return 1
    if peers and not PEERS.exists():
        console.print("The peers are not installed: run `make bench`, or leave them out: `--systems none`.")
        return 1
    bench = Bench(checkpoint, plan(options), console)
    bench.run(peers)
    _write(bench.report, console, results_name(options))
    return 0


def results_name(options: argparse.Namespace) -> str:
    """Return the name of the results, without a suffix: each device has its own."""
    return f"bench{'-cuda' if options.device == 'cuda' else ''}{'-quick' if options.quick else ''}"


def plan(options: argparse.Namespace) -> Plan:
    """Return what these options measure: all of it takes nine to eleven minutes, ``--quick`` three."""
    names = options.pictures.split(",") if options.pictures else _names(quick=options.quick)
    return Plan(
        pictures=[picture for picture in PICTURES if picture.name in names],
        device=options.device,
        seconds=options.seconds or (1.5 if options.quick else 1.75),
        rounds=options.rounds or (2 if options.quick else 3),
        concurrencies=(
            *(() if options.quick else (1,)),
            *((CUDA_CONCURRENCY,) if options.device == "cuda" else ()),
        ),
        trials=not options.quick,
        open_loop=not options.quick,
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="three minutes instead of ten or so: PNG of 8 bits only, two rounds, one worker per "
        "processor for peers, no latencies at a constant rate",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seconds", type=float, help="of each measurement")
    parser.add_argument("--rounds", type=int, help="in each, all systems are measured once")
    parser.add_argument("--pictures", help=f"with commas between: {', '.join(p.name for p in PICTURES)}")
    parser.add_argument(
        "--systems",
        help="only Pleura and peers whose name has one of these words, with commas between; "
        "`none` leaves only Pleura, and needs no environment of the peers",
    )
    return parser


def _write(report: Report, console: Console, name: str) -> None:
    """Write the report and its chart, and print its tables."""
    report.write(RESULTS / f"{name}.json")
    plot(report, RESULTS / f"{name}.png")
    console.print(heading(report))
    for table in (
        throughput(report),
        figures(report),
        stages(report.profile),
        gpu(read("engines-cuda.json")),
    ):
        table.show(console)
    console.print(f"{report.took_s or 0:.0f} s. Written to {name}.json and {name}.png in {_shown(RESULTS)}.")


def _shown(folder: Path) -> Path:
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _names(*, quick: bool) -> list[str]:
    return ["512-png8", "2048-png8", *(() if quick else ("2048-jpeg", "2048-png16"))]


if __name__ == "__main__":
    # As Ctrl-C does it: services that were started are stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; nothing was written")
