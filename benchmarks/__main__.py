"""All benchmarks in one run on one machine: ``python -m benchmarks``, called by ``make bench``."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from model.checkpoint import BUNDLED, read_metadata
from model.threads import available_cpus

from .images import PICTURES, RESULTS, Picture
from .measure import floor, load
from .plot import plot
from .profile_request import profile
from .report import Report, summarise
from .systems import PEERS, Running, System, peers, pleura, started
from .tables import figures, gpu, read, stages, throughput

OWN_SHARE = 0.7
"""Share of a system's own capacity in its open loop; of the plain handler's for the common rate."""
TRIED_WITH = Picture(2048, "png8")
OPEN_WITH = ("2048-png8", "512-png8")


def main() -> int:
    """Run the benchmarks, print the tables and write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a few minutes instead of twenty: fewer images and seconds, one worker per processor for peers",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seconds", type=float, help="of each measurement")
    parser.add_argument("--pictures", help=f"with commas between: {', '.join(p.name for p in PICTURES)}")
    parser.add_argument("--concurrency", default="1,8,32", help="of the closed loops, with commas between")
    parser.add_argument(
        "--systems", help="only Pleura and systems whose name has one of these words, with commas between"
    )
    options = parser.parse_args()
    console = Console(width=max(160, Console().width))
    if options.device == "cuda" and not _has_cuda():
        console.print("not measured: there is no CUDA device here")
        return 0
    checkpoint = Path(os.environ.get("PLEURA_CHECKPOINT") or BUNDLED).resolve()
    if options.device == "cpu" and not checkpoint.with_suffix(".int8.xml").exists():
        console.print(f"{checkpoint.name} has no int8 model beside it: run `pleura export` first.")
        return 1
    if not PEERS.exists():
        console.print("The peers are not installed: run `make bench`.")
        return 1
    seconds = options.seconds or (2.0 if options.quick else 4.0)
    wanted = options.pictures.split(",") if options.pictures else _names(quick=options.quick)
    pictures = [picture for picture in PICTURES if picture.name in wanted]
    bench = Bench(
        checkpoint,
        pictures,
        device=options.device,
        seconds=seconds,
        concurrencies=[int(number) for number in options.concurrency.split(",")],
        quick=options.quick,
        console=console,
    )
    bench.run([word for word in (options.systems or "").split(",") if word])
    report = bench.report
    report.write(RESULTS)
    plot(report, RESULTS / "bench.png")
    for table in (
        throughput(report),
        figures(report),
        stages(report.profile),
        gpu(read("engines-cuda.json")),
    ):
        table.show(console)
    console.print(
        f"Written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}."
    )
    return 0


class Bench:
    """One run of all measurements."""

    def __init__(
        self,
        checkpoint: Path,
        pictures: list[Picture],
        *,
        device: str,
        seconds: float,
        concurrencies: list[int],
        quick: bool,
        console: Console,
    ) -> None:
        self.checkpoint = checkpoint
        self.pictures = pictures
        self.device = device
        self.seconds = seconds
        self.concurrencies = concurrencies
        self.quick = quick
        self.console = console
        self.report = Report(machine=_machine(checkpoint, device), floor={})
        self._common: dict[str, float] = {}
        self._begun = time.perf_counter()

    def run(self, words: list[str]) -> None:
        """Measure all systems, the plain handler first: its capacity sets the common rate."""
        engines = ("torch",) if self.device == "cuda" else ("torch", "openvino")
        families = [
            variants
            for engine in engines
            for variants in peers(self.checkpoint, engine=engine, device=self.device, cpus=available_cpus())
            if not words or any(word in variants[0].name for word in words)
        ]
        for variants in families[:1]:
            self._measure(self._fastest(variants))
        self._measure_floor()
        self._measure(pleura(self.checkpoint, device=self.device))
        self._measure_floor()
        for variants in families[1:]:
            self._measure(self._fastest(variants))
        self.report.systems.sort(key=lambda system: system["name"] != "Pleura")

    def _measure_floor(self) -> None:
        """Measure the upper bound before and after Pleura; the better counts, as the machine may be busy."""
        for picture in self.pictures:
            found = floor(self.checkpoint, picture, seconds=self.seconds, device=self.device)
            known = self.report.floor.get(picture.name, found)
            self.report.floor[picture.name] = max(known, found, key=lambda one: one["images_per_s"])
            self._say(
                f"floor {picture.name}: {found['images_per_s']:.2f}/s, alone {found['alone_ms']:.1f} ms"
            )

    def _fastest(self, variants: list[System]) -> System:
        if len(variants) == 1 or self.quick:
            return variants[-1]
        rates = []
        for system in variants:
            with started(system) as service:
                found = load(service, TRIED_WITH, seconds=self.seconds, concurrency=8)
            rates.append(_rate(found))
            self.report.tried.append({"system": system.name, "picture": TRIED_WITH.name, "rate": rates[-1]})
            self._say(f"tried {system.name}: {rates[-1]:.2f}/s")
        return variants[rates.index(max(rates))]

    def _measure(self, system: System) -> None:
        with started(system) as service:
            self._say(f"{system.name}: ready after {service.start_s:.1f} s")
            for picture in self.pictures:
                for concurrency in self.concurrencies:
                    self._closed(service, picture, concurrency)
            for picture in self.pictures:
                if picture.name in OPEN_WITH:
                    self._open(service, picture)
            if system.family == "pleura":
                small = Picture(512, "png8")
                self.report.profile = profile(service, small, seconds=self.seconds)
            self.report.systems.append(
                {
                    "name": system.name,
                    "family": system.family,
                    "start_s": service.start_s,
                    "peak_mb": service.peak_mb(),
                }
            )

    def _closed(self, service: Running, picture: Picture, concurrency: int) -> None:
        before = service.cpu_s()
        found = load(service, picture, seconds=self.seconds, concurrency=concurrency)
        cpu_ms = 1000 * (service.cpu_s() - before) / found["sent"]
        point = {
            "system": service.system.name,
            "picture": picture.name,
            "concurrency": concurrency,
            "rate": _rate(found),
            "requests": len(found["latencies_ms"]),
            "failures": found["failures"],
            "cpu_ms": cpu_ms,
            "client_cpu_ms": 1000 * found["cpu_s"] / found["sent"],
            "peak_mb": service.peak_mb(),
            **summarise(found["latencies_ms"]),
        }
        self.report.closed.append(point)
        self._say(
            f"{service.system.name} {picture.name} c={concurrency}: {point['rate']:.2f}/s, "
            f"p95 {point['p95'] or 0:.0f} ms, CPU {cpu_ms:.0f} ms"
            + (f", failures {found['failures']}" if found["failures"] else "")
        )

    def _open(self, service: Running, picture: Picture) -> None:
        capacity = max(
            self.report.rate(service.system.name, picture.name, c) or 0 for c in self.concurrencies
        )
        common = self._common.setdefault(picture.name, OWN_SHARE * capacity)
        for kind, rate in (("own", OWN_SHARE * capacity), ("common", common)):
            if not rate:
                continue
            found = load(service, picture, seconds=2 * self.seconds, rate=rate)
            point = {
                "system": service.system.name,
                "picture": picture.name,
                "kind": kind,
                "rate": rate,
                "requests": len(found["latencies_ms"]),
                "failures": found["failures"],
                **summarise(found["latencies_ms"]),
            }
            self.report.open.append(point)
            self._say(f"{service.system.name} {picture.name} at {rate:.1f}/s: p95 {point['p95'] or 0:.0f} ms")

    def _say(self, line: str) -> None:
        self.console.print(f"[dim]{time.perf_counter() - self._begun:5.0f} s[/dim]  {line}", highlight=False)


def _rate(found: dict[str, Any]) -> float:
    return len(found["latencies_ms"]) / found["seconds"] if found["seconds"] else 0.0


def _names(*, quick: bool) -> list[str]:
    return ["512-png8", "2048-jpeg", "2048-png8", *(() if quick else ("2048-png16",))]


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _machine(checkpoint: Path, device: str) -> dict[str, Any]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    metadata = read_metadata(checkpoint)
    return {
        "processor": next(
            (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
            platform.processor(),
        ),
        "cpus": available_cpus(),
        "instructions": [
            flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if flag in flags
        ],
        "device": device,
        "python": platform.python_version(),
        "checkpoint": metadata.name,
        "input_size": metadata.preprocessing.input_size,
        "load_average_at_start": os.getloadavg()[0],
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


if __name__ == "__main__":
    # As Ctrl-C does it: services that were started are stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; nothing was written")
