"""``make soak``: hours of ordinary use, and what it does to memory.

python -m tests.reliability.soak --minutes 60
"""

from __future__ import annotations

import http.client
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from time import monotonic
from typing import Annotated

import numpy as np
import typer

from tests.app.fakes import encode
from tests.reliability.mutation import mutated
from tests.reliability.seeds import seeds
from tests.reliability.service import Service, ask, form, running

CLIENTS = 3
WARM = 0.25
"""Share of the time after which memory must have come to rest."""

Request = tuple[str, bytes, dict[str, str], set[int]]


@dataclass
class Soak:
    """The result of a run; ``memory`` holds seconds since the start and MB."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    slowest_s: float = 0.0
    lock: Lock = field(default_factory=Lock)

    @property
    def slope_mb_per_hour(self) -> float:
        """Of the line through the memory, once warm (least squares)."""
        settled = np.array(self.memory[int(len(self.memory) * WARM) :])
        if len(settled) < 3:
            return 0.0
        return float(np.polyfit(settled[:, 0] / 3600, settled[:, 1], 1)[0])

    @property
    def growth_mb(self) -> float:
        """What memory grew by in the last half, by its medians."""
        half = [mb for _, mb in self.memory[len(self.memory) // 2 :]]
        middle = max(1, len(half) // 2)
        return float(np.median(half[-middle:]) - np.median(half[:middle]))

    def summary(self) -> str:
        """For people."""
        statuses = ", ".join(f"{count:,} × {status}" for status, count in sorted(self.statuses.items()))
        megabytes = [mb for _, mb in self.memory]
        return (
            f"{self.statuses.total():,} requests in {self.memory[-1][0] / 60:.1f} min: {statuses}; slowest "
            f"{self.slowest_s:.1f} s; memory {megabytes[0]:.0f} MB at the start, {max(megabytes):.0f} at "
            f"the peak, {megabytes[-1]:.0f} at the end; slope once warm {self.slope_mb_per_hour:+.1f} MB/h, "
            f"last half {self.growth_mb:+.1f} MB; open files {self.descriptors[0]} to "
            f"{self.descriptors[-1]}; {len(self.faults)} faults"
        )


def requests() -> list[Request]:
    """Yield requests endlessly: all kinds and sizes of image, valid and invalid, all forms of the answer."""
    from random import Random

    made: list[Request] = []
    random, whole = Random(0), seeds()
    accepted = {200, 422}
    for name, data in whole.items():
        made.append(("/segment", data, {}, accepted if name != "dicom deflated" else {200, 415, 422}))
        made.append(("/segment?mask=geojson", *form(image=data), accepted | {415}))
        made.append(("/segment", mutated(data, data, random), {}, {200, 400, 413, 415, 422}))
        made.append(("/segment?render=overlay", data, {"Accept": "image/png"}, accepted | {415}))
    noise = np.random.default_rng(0).integers(60, 200, (1800, 1800), np.uint8)
    noise[300:1500, 300:800] = noise[300:1500, 1000:1500] = 20
    large = encode(noise)
    made += [
        ("/segment", large, {}, {200}),
        ("/segment?mask=polygons", large, {}, {200}),
        ("/evaluate", *form(image=large, mask=encode(noise > 100)), {200}),
        ("/segment", whole["dicom dx"], {"Accept": "application/dicom"}, {200}),
        ("/segment?threshold=2", whole["png"], {}, {422}),
        ("/nowhere", b"", {}, {404, 405}),
    ]
    random.shuffle(made)
    return made


def soak(service: Service, *, seconds: float, sample_s: float = 5.0) -> Soak:
    """Send ordinary requests for this time."""
    outcome, start, over = Soak(), monotonic(), Event()
    service.request("POST", "/evaluate", *form(image=seeds()["png"], mask=seeds()["png"]))

    def client(index: int) -> None:
        connection = service.connection()
        for path, body, headers, expected in islice(cycle(requests()), index * 31, None):
            if over.is_set():
                break
            began = monotonic()
            try:
                status, _, _ = ask(connection, "POST", path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                with outcome.lock:
                    outcome.faults.append(f"{path}: {type(error).__name__}")
                if not service.alive:
                    break
                continue
            with outcome.lock:
                took = monotonic() - began
                outcome.slowest_s = max(outcome.slowest_s, took)
                outcome.statuses[status] += 1
                if status not in expected:
                    outcome.faults.append(f"{path}: {status} after {took:.1f} s, at {began - start:.0f} s")
        connection.close()

    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(client, index) for index in range(CLIENTS)]
        while service.alive and monotonic() - start < seconds:
            outcome.memory.append((monotonic() - start, service.memory_mb()))
            outcome.descriptors.append(len(list(Path(f"/proc/{service.process.pid}/fd").iterdir())))
            over.wait(sample_s)
        over.set()
        for one in clients:
            one.result()
    if not service.alive:
        outcome.faults.append(f"the process died: {service.process.returncode}")
    return outcome


def main(
    minutes: Annotated[float, typer.Option(help="How long.")] = 5.0,
    checkpoint: Annotated[
        Path | None, typer.Option(help="To serve; a stand-in for the network if not given.", exists=True)
    ] = None,
    most_growth: Annotated[float, typer.Option(help="MB that memory may grow by in the last half.")] = 20.0,
) -> None:
    """Use a service for some time; exit code 1 if an answer was wrong or memory grew."""
    with TemporaryDirectory() as folder, running(Path(folder), checkpoint=checkpoint) as service:
        outcome = soak(service, seconds=60 * minutes)
        typer.echo(f"soak: {outcome.summary()}")
        for fault in outcome.faults[:20]:
            typer.echo(f"  {fault}")
    raise typer.Exit(bool(outcome.faults or outcome.growth_mb > most_growth))


if __name__ == "__main__":
    program = typer.Typer(pretty_exceptions_enable=False)
    program.command()(main)
    program()
