"""The measurements, and the ratios to compare with the goals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np

Point = dict[str, Any]
"""One measurement: ``system``, ``picture`` and what was found."""


def summarise(latencies_ms: list[float]) -> dict[str, float | None]:
    """Percentiles of latencies in ms; None where there are none."""
    if not latencies_ms:
        return {"p50": None, "p95": None, "p99": None}
    p50, p95, p99 = np.percentile(latencies_ms, (50, 95, 99)).tolist()
    return {"p50": p50, "p95": p95, "p99": p99}


class Report:
    """What was measured, in one place."""

    def __init__(self, *, machine: dict[str, Any], upper_bound: dict[str, dict[str, float]]) -> None:
        self.machine = machine
        self.upper_bound = upper_bound
        self.closed: list[Point] = []
        self.open: list[Point] = []
        self.systems: list[dict[str, Any]] = []
        self.tried: list[dict[str, Any]] = []
        self.profile: dict[str, Any] = {}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file of `write`.

        Raises:
            OSError: nothing was written there.
        """
        document = json.loads((folder / "bench.json").read_text())
        report = cls(machine=document["machine"], upper_bound=document["upper_bound"])
        for name in ("systems", "closed", "open", "tried", "profile"):
            setattr(report, name, document[name])
        return report

    def rate(self, system: str, picture: str, concurrency: int) -> float | None:
        """Return the requests per second; None if not measured."""
        for point in self.closed:
            if (point["system"], point["picture"], point["concurrency"]) == (system, picture, concurrency):
                return float(point["rate"])
        return None

    def best(self, families: tuple[str, ...], picture: str, concurrency: int) -> float | None:
        """Return the highest rate among systems of these families."""
        rates = [
            rate
            for system in self.systems
            if system["family"] in families
            and (rate := self.rate(system["name"], picture, concurrency)) is not None
        ]
        return max(rates, default=None)

    def ratios(self) -> list[tuple[str, str, float | None, str]]:
        """Return rows of name, image, ratio or figure, and goal."""
        rows: list[tuple[str, str, float | None, str]] = []
        pictures = sorted({point["picture"] for point in self.closed}, reverse=True)
        for picture in pictures:
            ours = self.rate("Pleura", picture, 8)
            for title, theirs, goal in (
                ("Pleura / plain FastAPI eager", self.best(("FastAPI eager",), picture, 8), "≥ 4"),
                (
                    "Pleura / best batching server, eager",
                    self.best(("LitServe eager", "BentoML eager"), picture, 8),
                    "≥ 3",
                ),
                (
                    "Pleura / best batching server, OpenVINO int8",
                    self.best(("LitServe OpenVINO int8", "BentoML OpenVINO int8"), picture, 8),
                    "≥ 1.2",
                ),
                ("Pleura / upper bound", self.upper_bound.get(picture, {}).get("images_per_s"), "≥ 0.90"),
            ):
                rows.append((title, picture, ours / theirs if ours and theirs else None, goal))
        for system in self.systems:
            if system["name"] == "Pleura":
                rows.append(("start to ready, s", "", system["start_s"], "≤ 5"))
                rows.append(("peak memory, MB", "", system["peak_mb"], "≤ 1200"))
        if self.profile:
            rows.append(
                ("time outside the network", self.profile["picture"], self.profile["outside"], "≤ 0.20")
            )
        return rows

    def latencies(self, system: str, picture: str, kind: str) -> str:
        """Percentiles of an open loop in ms, and its rate; empty where there was none."""
        for point in self.open:
            if (point["system"], point["picture"], point["kind"]) == (system, picture, kind):
                shown = "/".join(
                    "–" if point[p] is None else f"{point[p]:.0f}" for p in ("p50", "p95", "p99")
                )
                lost = sum(point["failures"].values())
                return f"{shown} ({point['rate']:.1f}/s{f', {lost} lost' if lost else ''})"
        return ""

    def write(self, folder: Path) -> None:
        """Write ``bench.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "machine": self.machine,
            "upper_bound": self.upper_bound,
            "systems": self.systems,
            "closed": self.closed,
            "open": self.open,
            "tried": self.tried,
            "profile": self.profile,
            "ratios": [
                dict(zip(("figure", "picture", "found", "goal"), row, strict=True)) for row in self.ratios()
            ],
        }
        (folder / "bench.json").write_text(json.dumps(document, indent=1) + "\n")
