"""The measurements, and the ratios to compare with the goals."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, Self

import numpy as np

from .ratio import Ratio, paired_ratio

Point = dict[str, Any]
"""One measurement: ``system``, ``picture`` and what was found."""

CONCURRENCY = 8
"""Requests at a time in the rounds, from which the ratios come."""
CUDA_CONCURRENCY = 64
"""Further requests at a time on CUDA: eight make no batch that fills a card."""
BOUND = "upper bound"
EAGER_SERVERS = ("LitServe eager", "BentoML eager")
INT8_SERVERS = ("LitServe OpenVINO int8", "BentoML OpenVINO int8")
SMALL_SYSTEM = "Pleura small"
PROCESSES = 16
"""Of a further Pleura on CUDA: one process is bounded by the GIL before the card is busy."""
SEVERAL_SYSTEM = f"Pleura, {PROCESSES} processes"


class Figure(NamedTuple):
    """One figure that has a goal; ``found`` is None if it was not measured, ``interval`` empty if unknown."""

    title: str
    picture: str
    found: float | None
    interval: str
    goal: str


def summarise(latencies_ms: list[float]) -> dict[str, float | None]:
    """Percentiles of latencies in ms; None where there are none."""
    if not latencies_ms:
        return {"p50": None, "p95": None, "p99": None}
    p50, p95, p99 = np.percentile(latencies_ms, (50, 95, 99)).tolist()
    return {"p50": p50, "p95": p95, "p99": p99}


class Report:
    """What was measured, in one place."""

    def __init__(self, *, machine: dict[str, Any]) -> None:
        self.machine = machine
        self.took_s: float | None = None
        self.upper_bound: list[Point] = []
        self.closed: list[Point] = []
        self.open: list[Point] = []
        self.systems: list[dict[str, Any]] = []
        self.tried: list[dict[str, Any]] = []
        self.profile: dict[str, Any] = {}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file of `write`.

        Raises:
            OSError: There is no such file.
        """
        document = json.loads(path.read_text())
        report = cls(machine=document["machine"])
        for name in ("took_s", "systems", "upper_bound", "closed", "open", "tried", "profile"):
            setattr(report, name, document[name])
        return report

    @property
    def on_cuda(self) -> bool:
        """Whether a GPU was measured."""
        return bool(self.machine.get("device") == "cuda")

    def rounds(self, system: str, picture: str, concurrency: int) -> dict[int, float]:
        """Return requests a second by round."""
        if system == BOUND:
            return {
                point["round"]: float(point["images_per_s"])
                for point in self.upper_bound
                if point["picture"] == picture
            }
        return {
            point["round"]: float(point["rate"])
            for point in self.closed
            if (point["system"], point["picture"], point["concurrency"]) == (system, picture, concurrency)
        }

    def rate(self, system: str, picture: str, concurrency: int) -> float | None:
        """Return the requests per second, the median of the rounds; None if not measured."""
        rates = self.rounds(system, picture, concurrency)
        return median(rates.values()) if rates else None

    def best(self, families: tuple[str, ...], picture: str) -> str | None:
        """Return the system with the highest rate among these families; None if none was measured."""
        rates = {
            system["name"]: rate
            for system in self.systems
            if system["family"] in families
            and (rate := self.rate(system["name"], picture, CONCURRENCY)) is not None
        }
        return max(rates, key=lambda name: rates[name], default=None)

    def ratio(self, picture: str, other: str | None, *, system: str = "Pleura") -> Ratio | None:
        """Return a system's rate over that of another one, from the rounds that have both above 0."""
        first = self.rounds(system, picture, CONCURRENCY)
        second = self.rounds(other, picture, CONCURRENCY) if other else {}
        both = [number for number in first if first[number] > 0 and second.get(number, 0) > 0]
        if not both:
            return None
        return paired_ratio([first[number] for number in both], [second[number] for number in both])

    def figures(self) -> list[Figure]:
        """Return each figure that has a goal."""
        rows: list[Figure] = []
        pictures = sorted({point["picture"] for point in self.closed}, reverse=True)
        for picture in pictures:
            for title, other, goal in self._compared(picture):
                ratio = self.ratio(picture, other)
                found, interval = (None, "") if ratio is None else (ratio.value, ratio.interval)
                rows.append(Figure(title, picture, found, interval, goal))
        if small := self.ratio("512-png8", "Pleura", system=SMALL_SYSTEM):
            title = f"{SMALL_SYSTEM} / Pleura"
            rows.append(Figure(title, "512-png8", small.value, small.interval, "≥ 2.5"))
        if self.on_cuda:
            title = f"requests a second, {CUDA_CONCURRENCY} at a time"
            for name, told in (("Pleura", ""), (SEVERAL_SYSTEM, f", {PROCESSES} processes")):
                rate = self.rate(name, "512-png8", CUDA_CONCURRENCY)
                rows.append(Figure(title + told, "512-png8", rate, "", "≥ 1500"))
        for system in self.systems:
            if system["name"] == "Pleura":
                rows.append(Figure("start to ready, s", "", system["start_s"], "", "≤ 5"))
                rows.append(Figure("peak memory, MB", "", system["peak_mb"], "", "≤ 1200"))
        if self.profile:
            outside = self.profile["outside"]
            rows.append(Figure("time outside the network", self.profile["picture"], outside, "", "≤ 0.15"))
        return rows

    def _compared(self, picture: str) -> list[tuple[str, str | None, str]]:
        """Return title, other system and goal of each ratio; OpenVINO and the upper bound are for CPUs."""
        rows: list[tuple[str, str | None, str]] = [
            ("Pleura / plain FastAPI eager", self.best(("FastAPI eager",), picture), "≥ 4")
        ]
        if not picture.endswith("jpeg"):
            rows.append(("Pleura / best batching server, eager", self.best(EAGER_SERVERS, picture), "≥ 3"))
        if not self.on_cuda:
            rows += [
                (
                    "Pleura / best batching server, OpenVINO int8",
                    self.best(INT8_SERVERS, picture),
                    "≥ 1.25" if picture.startswith("512") else "≥ 1.4",
                ),
                ("Pleura / upper bound", BOUND, "≥ 0.90"),
            ]
        return rows

    def throughput(self, system: str, picture: str, concurrency: int) -> str:
        """Return the requests a second of a closed loop, and how many failed; empty where not measured."""
        rate = self.rate(system, picture, concurrency)
        lost = sum(
            sum(point["failures"].values())
            for point in self.closed
            if (point["system"], point["picture"], point["concurrency"]) == (system, picture, concurrency)
        )
        return "" if rate is None else f"{rate:.2f}{f' ({lost} lost)' if lost else ''}"

    def latencies(self, system: str, picture: str) -> str:
        """Percentiles of the open loop in ms, and its rate; empty where there was none."""
        for point in self.open:
            if (point["system"], point["picture"]) == (system, picture):
                shown = "/".join(
                    "–" if point[p] is None else f"{point[p]:.0f}" for p in ("p50", "p95", "p99")
                )
                lost = sum(point["failures"].values())
                return f"{shown} ({point['rate']:.1f}/s{f', {lost} lost' if lost else ''})"
        return ""

    def write(self, path: Path) -> None:
        """Write everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {
            "machine": self.machine,
            "took_s": self.took_s,
            "figures": [figure._asdict() for figure in self.figures()],
            "systems": self.systems,
            "upper_bound": self.upper_bound,
            "closed": self.closed,
            "open": self.open,
            "tried": self.tried,
            "profile": self.profile,
        }
        path.write_text(json.dumps(document, indent=1) + "\n")
