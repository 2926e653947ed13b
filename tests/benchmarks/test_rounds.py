"""The order and the duration of a run, with fake services and measurements."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from math import inf
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks import __main__ as command
from benchmarks import bench, peer_systems
from benchmarks.__main__ import parser, plan, results_name
from benchmarks.bench import Bench
from benchmarks.images import Picture
from benchmarks.peer_systems import selected
from benchmarks.ratio import paired_ratio
from benchmarks.report import SEVERAL_SYSTEM, SMALL_SYSTEM
from benchmarks.systems import System
from benchmarks.tables import throughput
from model.checkpoint import BUNDLED

START_S = 10.0
"""More than the slowest peer needs on two quiet processors."""
OWN_START_S = 5.0
"""The goal for Pleura."""
OVERHEAD_S = 0.8
"""Start of the load generator, and the first answers."""
ONE, TWO = "LitServe eager, 1 worker", "LitServe eager, 2 workers"


class FakeService:
    start_s = 1.0

    def __init__(self, system: System, running: set[str]) -> None:
        self.system = system
        self._running = running

    def pause(self) -> None:
        self._running.discard(self.system.name)

    @contextmanager
    def resumed(self) -> Iterator[None]:
        self._running.add(self.system.name)
        yield
        self._running.discard(self.system.name)

    def cpu_s(self) -> float:
        return 1.0

    def peak_mb(self) -> float:
        return 100.0


class FakeRun:
    """Takes the place of all that starts or measures something, and notes it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.running: set[str] = set()
        self.started_names: list[str] = []
        self.ended: list[str] = []
        self.rates: dict[str, int] = {"Pleura": 60, SMALL_SYSTEM: 150, SEVERAL_SYSTEM: 120}
        self.measured: list[tuple[str, str, dict[str, Any]]] = []
        self.took_s = 0.0
        patch.setattr(peer_systems, "available_cpus", lambda: 2)
        patch.setattr(bench, "started", self.started)
        patch.setattr(bench, "load", self.load)
        patch.setattr(bench, "upper_bound", self.upper_bound)
        patch.setattr(bench, "profile", self.profile)

    @contextmanager
    def started(self, system: System) -> Iterator[FakeService]:
        self.took_s += OWN_START_S if system.family == "pleura" else START_S
        self.running.add(system.name)
        self.started_names.append(system.name)
        yield FakeService(system, self.running)
        self.running.discard(system.name)
        self.ended.append(system.name)

    def load(self, service: FakeService, picture: Picture, *, seconds: float, **kind: Any) -> dict[str, Any]:
        assert self.running == {service.system.name}, "others run beside what is measured"
        self.took_s += seconds + OVERHEAD_S
        self.measured.append((service.system.name, picture.name, kind))
        assert service.system.name not in self.ended
        count = self.rates.get(service.system.name, 10)
        return {"latencies_ms": [5.0] * count, "seconds": 1.0, "failures": {}, "sent": count, "cpu_s": 0.1}

    def upper_bound(self, _: Path, picture: Picture, *, seconds: float) -> dict[str, float]:
        assert not self.running
        self.took_s += 2.5 * seconds + 3
        self.measured.append(("upper bound", picture.name, {}))
        return {"images_per_s": 80.0, "alone_ms": 20.0, "cpu_ms": 30.0}

    def profile(self, service: FakeService, picture: Picture, *, seconds: float) -> dict[str, Any]:
        self.took_s += seconds
        return {
            "picture": picture.name,
            "stages_ms": {"decode": 1.0},
            "rest_ms": 2.0,
            "request_ms": 3.0,
            "outside": 0.1,
        }


def run(patch: pytest.MonkeyPatch, *words: str) -> tuple[FakeRun, Bench]:
    fake = FakeRun(patch)
    options = parser().parse_args(words)
    benchmark = Bench(BUNDLED, plan(options), Console(file=StringIO()))
    benchmark.run(selected(BUNDLED, device=options.device, words=[]))
    return fake, benchmark


@pytest.mark.parametrize(("words", "minutes"), [((), 10), (("--quick",), 3)])
def test_a_run_has_each_goal_and_keeps_its_time(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], minutes: float
) -> None:
    fake, benchmark = run(monkeypatch, *words)
    assert fake.took_s <= 60 * minutes
    assert all(kind.get("concurrency", 8) <= 8 for _, _, kind in fake.measured)
    goals = benchmark.report.figures()
    assert all(figure.found is not None for figure in goals)
    assert len({figure.title for figure in goals}) == 8
    (small,) = (figure for figure in goals if figure.title == "Pleura small / Pleura")
    assert small.found == pytest.approx(2.5)
    ratios = [figure.found for figure in goals if "FastAPI" in figure.title]
    assert ratios == pytest.approx([6] * len(ratios))


@pytest.mark.parametrize("words", [("--device=cuda",), ("--device=cuda", "--quick")])
def test_cuda_is_loaded_with_more_requests_and_has_its_own_goal(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    fake, benchmark = run(monkeypatch, *words)
    loaded = {(name, picture) for name, picture, kind in fake.measured if kind.get("concurrency") == 64}
    assert {("Pleura", "512-png8"), (SEVERAL_SYSTEM, "512-png8"), ("FastAPI eager", "2048-png8")} <= loaded
    assert SEVERAL_SYSTEM not in {name for name, _, kind in fake.measured if "rate" in kind}
    assert SMALL_SYSTEM not in {name for name, _, _ in fake.measured}, "it is for CPUs"
    one, several = (goal for goal in benchmark.report.figures() if goal.title.startswith("requests a second"))
    assert one == ("requests a second, 64 at a time", "512-png8", 60.0, "", "≥ 1500")
    assert several == ("requests a second, 64 at a time, 16 processes", "512-png8", 120.0, "", "≥ 1500")
    assert all(found.found is not None for found in benchmark.report.figures())
    table = throughput(benchmark.report)
    assert "c=64" in table.columns
    assert {len(row) for row in table.rows if row is not None} == {len(table.columns)}


@pytest.mark.parametrize(("systems", "code"), [("none", 0), ("LitServe", 1), ("", 1), ("nobody", 1)])
def test_only_peers_need_their_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, systems: str, code: int
) -> None:
    fake = FakeRun(monkeypatch)
    monkeypatch.setattr(command, "PEERS", tmp_path / "python")
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--quick", f"--systems={systems}"])
    assert command.main() == code
    assert (tmp_path / "bench-quick.json").exists() is (code == 0)
    measured = {name for name, _, _ in fake.measured}
    assert measured == (set() if code else {"upper bound", "Pleura", SMALL_SYSTEM})


def test_results_of_a_gpu_do_not_replace_those_of_a_cpu() -> None:
    words = ("", "--quick", "--device=cuda", "--device=cuda --quick")
    names = [results_name(parser().parse_args(each.split())) for each in words]
    assert names == ["bench", "bench-quick", "bench-cuda", "bench-cuda-quick"]


def test_systems_are_measured_in_turn_and_every_other_round_backwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake, _ = run(monkeypatch, "--quick", "--rounds=2", "--pictures=512-png8")
    order = [name for name, _, kind in fake.measured if kind.get("concurrency", 8) == 8]
    half = len(order) // 2
    assert order[0] == "upper bound"
    assert len(set(order[:half])) == half == 9
    assert order[half:] == order[:half][::-1]


def test_on_cuda_neither_the_upper_bound_nor_openvino_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, benchmark = run(monkeypatch, "--device=cuda", "--quick", "--rounds=2", "--pictures=512-png8")
    order = [name for name, _, kind in fake.measured if kind.get("concurrency", 8) == 8]
    half = len(order) // 2
    assert len(set(order[:half])) == half == 5
    assert order[half:] == order[:half][::-1]
    named = [*order, *(figure.title for figure in benchmark.report.figures())]
    assert not [name for name in named if "OpenVINO" in name or "upper bound" in name]


def test_the_faster_setting_of_a_peer_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    _, benchmark = run(monkeypatch)
    tried = {point["system"] for point in benchmark.report.tried}
    assert len(tried) == 8
    assert len(benchmark.report.systems) == 8


def test_the_slower_setting_ends_before_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRun(monkeypatch)
    fake.rates[ONE] = 20
    benchmark = Bench(BUNDLED, plan(parser().parse_args([])), Console(file=StringIO()))
    benchmark.run(selected(BUNDLED, device="cpu", words=["LitServe eager"]))
    assert [point["rate"] for point in benchmark.report.tried] == [20, 10, 10, 20]
    measured = [name for name, _, _ in fake.measured if name.startswith("LitServe")]
    assert measured[:4] == [ONE, TWO, TWO, ONE]
    assert set(measured[4:]) == {ONE}
    assert fake.started_names == [ONE, TWO, "Pleura", SMALL_SYSTEM]
    assert fake.ended[0] == TWO


def test_jpeg_and_16_bits_are_measured_where_a_goal_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, _ = run(monkeypatch)
    sent = {(name.split(",")[0], picture) for name, picture, _ in fake.measured}
    assert ("LitServe eager", "2048-png16") in sent
    assert ("LitServe OpenVINO int8", "2048-jpeg") in sent
    assert ("LitServe eager", "2048-jpeg") not in sent
    assert {picture for name, picture in sent if name == SMALL_SYSTEM} == {"512-png8", "2048-png8"}


def test_a_paired_ratio_has_an_interval() -> None:
    found = paired_ratio([2.0, 4.0, 9.0], [1.0, 2.0, 4.5])
    assert found == pytest.approx((2, 2, 2))
    found = paired_ratio([2.0, 4.4, 9.0], [1.0, 2.0, 5.0])
    assert found.low < 1.9 < found.value < 2.1 < found.high
    assert tuple(paired_ratio([3.0], [2.0])) == pytest.approx((1.5, 0, inf))
    assert paired_ratio([3.0], [2.0]).interval == ""


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([1.0], []), ([0.0], [1.0])])
def test_a_ratio_of_nothing_is_refused(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match="A ratio needs"):
        paired_ratio(ours, theirs)
