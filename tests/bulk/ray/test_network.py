"""The actor with the network, called without a cluster."""

import threading
from pathlib import Path

import pytest

from model.errors import EngineError
from tests.app.fakes import FakeEngine, encode, picture, segmenter
from tests.bulk.streamed import FAILED, StreamedEngine

pytest.importorskip("pyarrow", reason="Pleura's extra ray is not installed")

import pyarrow as pa

from bulk.ray.stages import Job, Network
from bulk.ray.storage import Location
from bulk.ray.tables import READ, pack


def block(count: int) -> pa.Table:
    """Return a block of images with lungs of different widths, of which every fourth could not be read."""
    rows = []
    for index in range(count):
        row = {"path": f"{index}.png"}
        if index % 4 == 1:
            rows.append(row | {"error": "The image is damaged."})
        else:
            rows.append(row | pack(segmenter().prepare(encode(picture((8, 12, 8 + index, 40))))))
    return pa.Table.from_pylist(rows, READ)


def network(engine: FakeEngine, top: Path) -> Network:
    job = Job(
        source=Location(str(top)),
        out=Location(str(top)),
        sha256="0" * 64,
        describe=lambda: segmenter().metadata,
        load=lambda _: segmenter(engine),
    )
    return Network(job, 1)


def test_streams_give_the_same_block_as_one_batch_after_the_other(tmp_path: Path) -> None:
    read = block(10)
    engine = StreamedEngine(meeting=threading.Barrier(2))
    inferred = network(engine, tmp_path)(read)
    assert sorted(engine.batches) == [1, 2, 2, 2]
    assert inferred.select(READ.names).equals(read)
    assert inferred.equals(network(StreamedEngine(streams=1), tmp_path)(read))


def test_block_without_images_passes(tmp_path: Path) -> None:
    damaged = block(2).slice(1)
    assert network(StreamedEngine(), tmp_path)(damaged)["error"].to_pylist() == ["The image is damaged."]


def test_error_of_the_engine_is_that_of_the_block(tmp_path: Path) -> None:
    before = threading.enumerate()
    with pytest.raises(EngineError, match=FAILED):
        network(StreamedEngine(failing=3), tmp_path)(block(10))
    left = [thread for thread in threading.enumerate() if thread not in before]
    assert not [thread.name for thread in left if thread.name.startswith("network")]


def test_no_batch_runs_after_one_has_failed_on_a_cpu(tmp_path: Path) -> None:
    engine = FakeEngine(max_batch=2, failure=EngineError(FAILED))
    with pytest.raises(EngineError, match=FAILED):
        network(engine, tmp_path)(block(10))
    assert engine.batches == [2]
