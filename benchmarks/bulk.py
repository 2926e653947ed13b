"""Throughput over an archive: `pleura bulk` on one and two machines, against `pleura segment`.

    python -m benchmarks.bulk --images 200 --cpus 1

The machines are processes on this one, and each is told how many processors it has; they share them
honestly only where there are as many as both are told. A run's rate is taken from the times at which
its files were written, from the first to the last: what a cluster and its workers need to start is told
apart.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import time
from typing import Any

import cv2
import ray
from pyarrow import parquet
from ray.cluster_utils import Cluster

from bulk.loop import Outcome, OutputOptions, segment_all
from bulk.ray import run
from bulk.ray.cluster import allocate
from bulk.ray.command import describe, load
from bulk.ray.stages import Job
from bulk.ray.storage import IMAGES, Location
from model.segmenter import Segmenter
from model.threads import available_cpus
from model.writing.formats import Format
from samples.phantom import phantom

_STORE = 200 << 20
"""Bytes of each machine's object store."""


def main() -> None:
    """Draw the archive, runs over it three times, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--side", type=int, default=1024, help="pixels of an image's side")
    parser.add_argument(
        "--cpus", type=int, default=max(1, available_cpus() // 2), help="processors of a machine"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        names = _draw(top / "in", asked.images, asked.side)
        print(f"{asked.images} PNG of {asked.side} by {asked.side} pixels, {asked.cpus} processors a machine")
        print("\n| | images/s | until the first, s |\n|---|---|---|")
        _print("`pleura segment`, one machine", _alone(top, names, threads=asked.cpus))
        for count in (1, 2):
            with _machines(count, asked.cpus):
                told = _on_cluster(top / "in", top / f"out{count}", names)
            _print(f"`pleura bulk`, {count} machine{'s' if count > 1 else ''}", told)


def _draw(folder: Path, count: int, side: int) -> list[str]:
    folder.mkdir()
    names = [f"{index:05}.png" for index in range(count)]
    for index, name in enumerate(names):
        cv2.imwrite(str(folder / name), phantom(width=side, height=side, seed=index % 20).pixels)
    return names


def _alone(top: Path, names: list[str], *, threads: int) -> tuple[float, float]:
    start = time()
    cv2.setNumThreads(1)
    segmenter = Segmenter(device="cpu", threads=threads)
    options = OutputOptions(format=Format.JSON)
    _require_all(segment_all(segmenter, names, base=top / "in", out=top / "alone", options=options), names)
    return _rate(start, {path.stat().st_mtime: 1 for path in (top / "alone").iterdir()})


def _on_cluster(source: Path, out: Path, names: list[str]) -> tuple[float, float]:
    start = time()
    job = Job(
        source=Location(str(source)),
        out=Location(str(out)),
        sha256=describe(None).sha256,
        describe=partial(describe, None),
        load=partial(load, None, "cpu"),
    )
    _require_all(run.segment_all(job, names, allocate("cpu")), names)
    files = (out / IMAGES).iterdir()
    return _rate(start, {path.stat().st_mtime: parquet.read_metadata(path).num_rows for path in files})


def _require_all(outcomes: Iterable[Outcome], names: list[str]) -> None:
    assert sorted(outcome.name for outcome in outcomes if outcome.error is None) == names


def _rate(start: float, written: dict[float, int]) -> tuple[float, float]:
    """Images a second between the first and the last time of writing, and seconds until the first."""
    first, *_ = times = sorted(written)
    return sum(written[at] for at in times[1:]) / (times[-1] - first), first - start


def _print(what: str, told: tuple[float, float]) -> None:
    print(f"| {what} | {told[0]:.1f} | {told[1]:.1f} |", flush=True)


@contextmanager
def _machines(count: int, cpus: int) -> Iterator[None]:
    machine: dict[str, Any] = {"num_cpus": cpus, "object_store_memory": _STORE}
    cluster = Cluster(initialize_head=True, head_node_args=machine | {"include_dashboard": False})
    try:
        for _ in range(count - 1):
            cluster.add_node(**machine)
        ray.init(address=cluster.address, logging_level=logging.ERROR, log_to_driver=False)
        yield
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
