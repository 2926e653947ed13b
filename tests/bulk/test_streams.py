"""Batches in the streams of an engine on CUDA, with fake engines that wait for each other."""

import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bulk.loop import Outcome, OutputOptions, segment_all
from bulk.streams import batches_at_once
from model.errors import EngineError
from model.writing.formats import Format
from tests.app.fakes import FakeEngine, encode, picture, segmenter
from tests.app.waiting import wait_until
from tests.bulk.conftest import Pleura, results
from tests.bulk.streamed import FAILED, StreamedEngine


def archive(folder: Path, count: int) -> list[str]:
    """Write ``count`` images; the number of each is in the width of its lung."""
    folder.mkdir()
    names = [f"{index:02}.png" for index in range(count)]
    for index, name in enumerate(names):
        (folder / name).write_bytes(encode(picture((8, 12, 8 + index, 40))))
    return names


def run(engine: FakeEngine, top: Path, names: list[str], out: str) -> Generator[Outcome, None, None]:
    return segment_all(
        segmenter(engine), names, base=top / "in", out=top / out, options=OutputOptions(format=Format.JSON)
    )


@pytest.fixture
def threads() -> Callable[[], list[str]]:
    """Returns the names of this run's threads; services of other tests may have such names, too."""
    before = threading.enumerate()

    def named() -> list[str]:
        new = [thread.name for thread in threading.enumerate() if thread not in before]
        return [name for name in new if name.startswith(("network", "images"))]

    return named


def masks(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.parametrize(
    ("device", "streams", "batches"), [("cuda", 2, 2), ("cuda", 1, 1), ("cpu", 4, 1), ("cpu", 1, 1)]
)
def test_only_cuda_runs_several_batches_at_a_time(device: str, streams: int, batches: int) -> None:
    assert batches_at_once(FakeEngine(device=device, streams=streams)) == batches


def test_two_batches_are_in_the_engine_at_the_same_time(
    tmp_path: Path, threads: Callable[[], list[str]]
) -> None:
    names = archive(tmp_path / "in", 8)
    engine = StreamedEngine(meeting=threading.Barrier(2))
    assert [outcome.name for outcome in run(engine, tmp_path, names, "out")] == names
    assert engine.batches == [2, 2, 2, 2]
    assert not threads()


def test_results_are_in_order_and_the_same_as_with_one_stream(tmp_path: Path) -> None:
    names = archive(tmp_path / "in", 9)
    engines = {"two": StreamedEngine(reversed=True), "one": StreamedEngine(streams=1)}
    for out, engine in engines.items():
        assert [outcome.name for outcome in run(engine, tmp_path, names, out)] == names
    two, one = masks(tmp_path / "two"), masks(tmp_path / "one")
    assert len(set(one.values())) == len(names)
    assert two == one


@pytest.mark.parametrize(
    ("streams", "finished"), [(1, ["00.png", "01.png"]), (2, ["00.png", "01.png", "04.png", "05.png"])]
)
def test_engine_error_loses_no_finished_image(
    tmp_path: Path, streams: int, finished: list[str], threads: Callable[[], list[str]]
) -> None:
    names = archive(tmp_path / "in", 10)
    outcomes: list[Outcome] = []
    with pytest.raises(EngineError, match=FAILED):
        outcomes.extend(run(StreamedEngine(streams=streams, failing=3), tmp_path, names, "out"))
    assert [outcome.name for outcome in outcomes] == finished
    assert results(tmp_path / "out", ".json") == set(finished)
    assert not threads()


def test_engine_error_is_reported_and_the_run_can_be_resumed(pleura: Pleura, tmp_path: Path) -> None:
    names = archive(tmp_path / "in", 10)
    pleura.engine = StreamedEngine(failing=3)
    assert pleura(tmp_path / "in", "--out", tmp_path / "out") == 1
    assert f"pleura: {FAILED}" in pleura.stderr
    pleura.engine = StreamedEngine()
    assert pleura(tmp_path / "in", "--out", tmp_path / "out") == 0
    assert "4 done before" in pleura.stderr
    assert sum(pleura.engine.batches) == 6
    assert results(tmp_path / "out") == set(names)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts, even if a shell started the tests in the background, where it is ignored."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.mark.usefixtures("ctrl_c")
def test_run_that_is_interrupted_can_be_resumed(
    pleura: Pleura, tmp_path: Path, threads: Callable[[], list[str]]
) -> None:
    names = archive(tmp_path / "in", 10)
    pleura.engine = StreamedEngine(interrupting=3)
    assert pleura(tmp_path / "in", "--out", tmp_path / "out") == 130
    assert "run the same command again to resume" in pleura.stderr
    # A thread that was just being started when Ctrl-C came ends by itself.
    wait_until(lambda: not threads())
    pleura.engine = StreamedEngine()
    assert pleura(tmp_path / "in", "--out", tmp_path / "out") == 0
    assert results(tmp_path / "out") == set(names)


def test_closed_run_ends_its_threads(tmp_path: Path, threads: Callable[[], list[str]]) -> None:
    names = archive(tmp_path / "in", 20)
    with closing(run(StreamedEngine(), tmp_path, names, "out")) as outcomes:
        next(outcomes)
        assert threads()
    assert not threads()
