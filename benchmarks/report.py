"""The table, the ratios and the plot of what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

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

    def __init__(self, *, machine: dict[str, Any], floor: dict[str, dict[str, float]]) -> None:
        self.machine = machine
        self.floor = floor
        self.closed: list[Point] = []
        self.open: list[Point] = []
        self.systems: list[dict[str, Any]] = []
        self.tried: list[dict[str, Any]] = []
        self.profile: dict[str, Any] = {}

    def rate(self, system: str, picture: str, concurrency: int) -> float | None:
        """Requests a second; None where it was not measured."""
        for point in self.closed:
            if (point["system"], point["picture"], point["concurrency"]) == (system, picture, concurrency):
                return float(point["rate"])
        return None

    def best(self, families: tuple[str, ...], picture: str, concurrency: int) -> float | None:
        """The highest rate among systems of these families."""
        rates = [
            rate
            for system in self.systems
            if system["family"] in families
            and (rate := self.rate(system["name"], picture, concurrency)) is not None
        ]
        return max(rates, default=None)

    def ratios(self) -> list[tuple[str, str, float | None, str]]:
        """What the goals are about: name, picture, ratio or figure, goal."""
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
                ("Pleura / floor", self.floor.get(picture, {}).get("images_per_s"), "≥ 0.90"),
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

    def show(self, console: Console) -> None:
        """Prints the table and the ratios."""
        table = Table(title="Requests a second (closed loop), latencies in ms (open loop)")
        for column in (
            "system",
            "picture",
            "c=1",
            "c=8",
            "c=32",
            "p50/p95/p99 at 70 % of its own",
            "at the common rate",
            "CPU ms at c=8",
            "peak MB",
        ):
            table.add_column(column, justify="left" if column in ("system", "picture") else "right")
        for picture, found in self.floor.items():
            table.add_row(
                "floor",
                picture,
                f"{1000 / found['alone_ms']:.2f}",
                f"{found['images_per_s']:.2f}",
                "",
                "",
                "",
                f"{found.get('cpu_ms', 0):.0f}",
                "",
            )
        for system in self.systems:
            table.add_section()
            name = system["name"]
            for picture in dict.fromkeys(
                point["picture"] for point in self.closed if point["system"] == name
            ):
                rates = [self.rate(name, picture, concurrency) for concurrency in (1, 8, 32)]
                table.add_row(
                    name,
                    picture,
                    *("" if rate is None else f"{rate:.2f}" for rate in rates),
                    self._latencies(name, picture, "own"),
                    self._latencies(name, picture, "common"),
                    self._cpu(name, picture),
                    f"{max(p['peak_mb'] for p in self.closed if p['system'] == name and p['picture'] == picture):.0f}",
                )
        console.print(table)
        ratios = Table(title="Ratios at concurrency 8, and the other figures")
        for column in ("figure", "picture", "found", "goal"):
            ratios.add_column(column)
        for title, picture, figure, goal in self.ratios():
            ratios.add_row(title, picture, "not measured" if figure is None else f"{figure:.2f}", goal)
        console.print(ratios)

    def _cpu(self, system: str, picture: str) -> str:
        for point in self.closed:
            if (point["system"], point["picture"], point["concurrency"]) == (system, picture, 8):
                return f"{point.get('cpu_ms', 0):.0f}"
        return ""

    def _latencies(self, system: str, picture: str, kind: str) -> str:
        for point in self.open:
            if (point["system"], point["picture"], point["kind"]) == (system, picture, kind):
                shown = "/".join(
                    "–" if point[p] is None else f"{point[p]:.0f}" for p in ("p50", "p95", "p99")
                )
                lost = sum(point["failures"].values())
                return f"{shown} ({point['rate']:.1f}/s{f', {lost} lost' if lost else ''})"
        return ""

    def write(self, folder: Path) -> None:
        """Writes ``bench.json`` and ``bench.png``."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "machine": self.machine,
            "floor": self.floor,
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
        self._plot(folder / "bench.png")

    def _plot(self, path: Path) -> None:
        import matplotlib

        matplotlib.use("agg")
        from matplotlib import pyplot

        pictures = list(dict.fromkeys(point["picture"] for point in self.closed))
        names = [system["name"] for system in self.systems]
        figure, axes = pyplot.subplots(
            1, len(pictures), figsize=(3.4 * len(pictures) + 1.5, 3.6), squeeze=False
        )
        for axis, picture in zip(axes[0], pictures, strict=True):
            rates = [self.rate(name, picture, 8) or 0 for name in names]
            axis.barh(names, rates, color=["#e69f00" if name == "Pleura" else "#8a8f98" for name in names])
            if picture in self.floor:
                axis.axvline(self.floor[picture]["images_per_s"], color="black", linestyle="--", linewidth=1)
            axis.set_title(picture)
            axis.set_xlabel("requests a second, 8 at a time")
            axis.invert_yaxis()
            if axis is not axes[0][0]:
                axis.set_yticklabels([])
        figure.suptitle("Throughput; the dashed line is the floor")
        figure.tight_layout()
        figure.savefig(path, dpi=120)
        pyplot.close(figure)
