"""All measurements of one run, in order."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console

from model.threads import available_cpus

from .images import Picture
from .machine import describe_machine
from .measure import load, upper_bound
from .profile_request import profile
from .report import Report, summarise
from .systems import Running, System, peers, pleura, started

OWN_SHARE = 0.7
"""Share of a system's own capacity in its open loop; of the plain handler's for the common rate."""
TRIED_WITH = Picture(2048, "png8")
OPEN_WITH = ("2048-png8", "512-png8")


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
        self.report = Report(machine=describe_machine(checkpoint, device), upper_bound={})
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
        self._measure_upper_bound()
        self._measure(pleura(self.checkpoint, device=self.device))
        self._measure_upper_bound()
        for variants in families[1:]:
            self._measure(self._fastest(variants))
        self.report.systems.sort(key=lambda system: system["name"] != "Pleura")

    def _measure_upper_bound(self) -> None:
        """Measure the upper bound before and after Pleura; the better counts, as the machine may be busy."""
        for picture in self.pictures:
            found = upper_bound(self.checkpoint, picture, seconds=self.seconds, device=self.device)
            known = self.report.upper_bound.get(picture.name, found)
            self.report.upper_bound[picture.name] = max(known, found, key=lambda one: one["images_per_s"])
            self._say(
                f"upper bound, {picture.name}: {found['images_per_s']:.2f}/s, "
                f"alone {found['alone_ms']:.1f} ms"
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
