"""All measurements of one run: the systems side by side, in rounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from model.weights import SMALL, checkpoint_file

from .images import Picture
from .machine import describe_machine
from .measure import load, upper_bound
from .profile_request import profile
from .report import (
    BOUND,
    CONCURRENCY,
    EAGER_SERVERS,
    PROCESSES,
    SEVERAL_SYSTEM,
    SMALL_SYSTEM,
    Report,
    summarise,
)
from .systems import Running, System, pleura, started

OWN_SHARE = 0.7
"""Share of a system's own capacity in its open loop."""
TRIED_WITH = Picture(2048, "png8")


def takes_part(system: System, picture: Picture) -> bool:
    """Return whether a system is measured with a picture.

    All are with PNG of 8 bits; the small checkpoint with nothing else, eager batching servers not with JPEG.
    """
    if system.name == SMALL_SYSTEM:
        return picture.kind == "png8"
    return picture.kind != "jpeg" or system.family not in EAGER_SERVERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run measures.

    Attributes:
        pictures: What is sent.
        device: ``cpu`` or ``cuda``.
        seconds: Of each measurement.
        rounds: In each, every system is measured once with each picture that it takes part with, eight
            requests at a time.
        concurrencies: Further closed loops, measured once.
        trials: Whether each setting of a peer is tried twice, and the faster one measured.
        open_loop: Whether latencies at a constant rate are measured.
    """

    pictures: list[Picture]
    device: str
    seconds: float
    rounds: int
    concurrencies: tuple[int, ...]
    trials: bool
    open_loop: bool


class Bench:
    """One run. All services are started first; all but the one that is measured are stopped meanwhile."""

    def __init__(self, checkpoint: Path, plan: Plan, console: Console) -> None:
        self.checkpoint = checkpoint
        self.plan = plan
        self.console = console
        self.report = Report(machine=describe_machine(checkpoint, plan.device))
        self._begun = time.perf_counter()

    def run(self, peers: list[list[System]]) -> None:
        """Measure Pleura and the peers, each of which has variants.

        The small checkpoint is for CPUs: it takes part in the rounds there. Several processes are for a GPU.
        """
        device = self.plan.device
        with ExitStack() as stack:
            services = [self._started(variants, stack) for variants in peers]
            services.append(self._started([pleura(self.checkpoint, device=device)], stack))
            if device == "cpu":
                further = pleura(checkpoint_file(Path(SMALL)), device=device, name=SMALL_SYSTEM)
            else:
                further = pleura(self.checkpoint, device=device, name=SEVERAL_SYSTEM, processes=PROCESSES)
            services.append(self._started([further], stack))
            for number in range(self.plan.rounds):
                self._round(services, number)
            for service in services:
                if service.system.name != SMALL_SYSTEM:
                    self._once(service)
                self.report.systems.append(
                    {
                        "name": service.system.name,
                        "family": service.system.family,
                        "start_s": service.start_s,
                        "peak_mb": service.peak_mb(),
                    }
                )
        self.report.systems.sort(key=lambda system: system["family"] != "pleura")
        self.report.took_s = time.perf_counter() - self._begun

    def _started(self, variants: list[System], stack: ExitStack) -> Running:
        """Start a peer with the faster of its settings, and pause it."""
        if not self.plan.trials or len(variants) == 1:
            return self._paused(variants[-1], stack)
        trials = [stack.enter_context(ExitStack()) for _ in variants]
        services = [self._paused(system, trial) for system, trial in zip(variants, trials, strict=True)]
        # In turn and back again: a machine that slows down meanwhile must not decide.
        rates = [self._trial(service) for service in (*services, *reversed(services))]
        sums = [rates[number] + rates[-1 - number] for number in range(len(services))]
        best = sums.index(max(sums))
        for number, trial in enumerate(trials):
            if number != best:
                trial.close()
        return services[best]

    def _paused(self, system: System, stack: ExitStack) -> Running:
        service = stack.enter_context(started(system))
        self._say(f"{system.name}: ready after {service.start_s:.1f} s")
        service.pause()
        return service

    def _trial(self, service: Running) -> float:
        with service.resumed():
            rate = _rate(load(service, TRIED_WITH, seconds=self.plan.seconds, concurrency=CONCURRENCY))
        name = service.system.name
        self.report.tried.append({"system": name, "picture": TRIED_WITH.name, "rate": rate})
        self._say(f"tried {name}: {rate:.2f}/s")
        return rate

    def _round(self, services: list[Running], number: int) -> None:
        """Measure each system once with its pictures; every other round goes the other way.

        The upper bound is one of processors: it is measured on them alone.
        """
        for picture in self.plan.pictures:
            steps: list[Callable[[], None]] = [
                partial(self._closed, service, picture, CONCURRENCY, number)
                for service in services
                if takes_part(service.system, picture)
            ]
            if self.plan.device == "cpu":
                steps.insert(0, partial(self._upper_bound, picture, number))
            for step in reversed(steps) if number % 2 else steps:
                step()

    def _upper_bound(self, picture: Picture, number: int) -> None:
        found = upper_bound(self.checkpoint, picture, seconds=self.plan.seconds / 2)
        self.report.upper_bound.append({"picture": picture.name, "round": number, **found})
        self._say(f"{BOUND} {picture.name}: {found['images_per_s']:.2f}/s, alone {found['alone_ms']:.1f} ms")

    def _once(self, service: Running) -> None:
        pictures = [picture for picture in self.plan.pictures if picture.kind == "png8"]
        for picture in pictures:
            for concurrency in self.plan.concurrencies:
                self._closed(service, picture, concurrency, 0)
            # Its few connections at a constant rate are not spread evenly.
            if self.plan.open_loop and service.system.name != SEVERAL_SYSTEM:
                self._open(service, picture)
        if service.system.name == "Pleura":
            with service.resumed():
                self.report.profile = profile(service, Picture(512, "png8"), seconds=2 * self.plan.seconds)

    def _closed(self, service: Running, picture: Picture, concurrency: int, number: int) -> None:
        with service.resumed():
            before = service.cpu_s()
            found = load(service, picture, seconds=self.plan.seconds, concurrency=concurrency)
            cpu_ms = 1000 * (service.cpu_s() - before) / found["sent"]
        point = {
            "system": service.system.name,
            "picture": picture.name,
            "concurrency": concurrency,
            "round": number,
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
        rate = OWN_SHARE * (self.report.rate(service.system.name, picture.name, CONCURRENCY) or 0)
        if not rate:
            return
        with service.resumed():
            found = load(service, picture, seconds=1.5 * self.plan.seconds, rate=rate)
        point = {
            "system": service.system.name,
            "picture": picture.name,
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
