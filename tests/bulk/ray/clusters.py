"""Jobs for a Ray cluster on this machine, with a fake network that waits behind a gate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bulk.ray.cluster import Allocation
from bulk.ray.stages import Job
from bulk.ray.storage import Location
from model.checkpoint import CheckpointMetadata
from model.engines import EngineOutput
from model.segmenter import Segmenter
from tests.app.fakes import FakeEngine, encode, picture, segmenter

BAD = {
    "bad/cut.png": encode(picture())[:99],
    "bad/empty.dcm": b"",
    "bad/text.jpg": b"not an image at all",
}


def archive(folder: Path, count: int) -> list[str]:
    """Write ``count`` images with lungs of different widths, and damaged files; return all names."""
    names = [f"{'even' if index % 2 == 0 else 'odd'}/{index:03}.png" for index in range(count)]
    files = {name: encode(picture(box(name))) for name in names} | BAD
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return sorted(files)


def box(name: str) -> tuple[int, int, int, int]:
    """Return the box of the lung in an image of `archive`."""
    return 8, 12, 8 + int(Path(name).stem) % 20, 40


@dataclass
class Gate:
    """Lets each worker run a few images until it is opened; records which machines work."""

    folder: Path
    free: int = 4

    def open(self) -> None:
        (self.folder / "open").touch()

    def wait(self) -> None:
        self.free -= 1
        while self.free < 0 and not (self.folder / "open").exists():
            time.sleep(0.05)

    def enter(self, machine: str) -> None:
        (self.folder / f"machine-{machine}").touch()

    def machines(self) -> set[str]:
        return {path.name.removeprefix("machine-") for path in self.folder.glob("machine-*")}


class GatedEngine(FakeEngine):
    """`FakeEngine` behind a `Gate`."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.way = gate

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        self.way.wait()
        return super().__call__(batch)


def load(threads: int, *, gate: Gate | None = None) -> Segmenter:
    """A segmenter without a network, on a worker."""
    if gate is None:
        return segmenter()
    import ray

    gate.enter(ray.get_runtime_context().get_node_id())
    return segmenter(GatedEngine(gate))


def describe() -> CheckpointMetadata:
    return segmenter().metadata


def job(source: Path | str, out: Path | str, *, gate: Gate | None = None) -> Job:
    """A run without a network."""
    return Job(
        source=Location(str(source)),
        out=Location(str(out)),
        sha256="0" * 64,
        describe=describe,
        load=partial(load, gate=gate),
    )


TWO = Allocation(networks=2, threads=1, gpus=0, task_cpus=1.0)
