"""Images a second over an archive: `pleura bulk` on one and two machines of a Ray cluster, against `pleura segment`.

    python -m benchmarks.bulk --images 200 --cpus 1

The machines are processes on this one, and each is told how many processors it has; they share them honestly only where there are as many
as both are told. A run's rate is taken between its first image and its last: what a cluster and its workers need to start is told apart.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

import cv2
import ray
from ray.cluster_utils import Cluster

from model.archive.loop import Order, Outcome, segment_all
from model.archive.ray_bulk import run
from model.archive.ray_bulk.cluster import share_out
from model.archive.ray_bulk.command import describe, load
from model.archive.ray_bulk.stages import Job
from model.archive.ray_bulk.storage import Place
from model.segmenter import Segmenter
from model.threads import available_cpus
from model.writing.formats import Format
from samples.phantom import phantom

_STORE = 200 << 20
"""Bytes of each machine's object store."""


def main() -> None:
    """Draws the archive, runs over it three times, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=200)
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


def _alone(top: Path, names: list[str], *, threads: int) -> list[float]:
    start = perf_counter()
    cv2.setNumThreads(1)
    segmenter = Segmenter(device="cpu", threads=threads)
    order = Order(format=Format.JSON)
    return _times(segment_all(segmenter, names, base=top / "in", out=top / "alone", order=order), start)


def _on_cluster(source: Path, out: Path, names: list[str]) -> list[float]:
    start = perf_counter()
    job = Job(
        source=Place(str(source)),
        out=Place(str(out)),
        sha256=describe(None).sha256,
        describe=partial(describe, None),
        load=partial(load, None, "cpu"),
    )
    return _times(run.segment_all(job, names, share_out("cpu")), start)


def _times(outcomes: Iterator[Outcome], start: float) -> list[float]:
    return [perf_counter() - start for outcome in outcomes if outcome.error is None]


def _print(what: str, times: list[float]) -> None:
    rate = sum(time > times[0] for time in times) / (times[-1] - times[0])
    print(f"| {what} | {rate:.1f} | {times[0]:.1f} |", flush=True)


@contextmanager
def _machines(count: int, cpus: int) -> Iterator[None]:
    machine = {"num_cpus": cpus, "object_store_memory": _STORE}
    cluster = Cluster(initialize_head=True, head_node_args=machine | {"include_dashboard": False})
    try:
        for _ in range(count - 1):
            cluster.add_node(**machine)
        ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
        yield
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
