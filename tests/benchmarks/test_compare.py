import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import compare
from benchmarks.checkout import checked_out, require_own_code
from benchmarks.compare import LOWER_IS_BETTER, Sample, judge, measure_in_turn
from benchmarks.images import Picture
from benchmarks.systems import System, pleura

SMALL = Picture(512, "png8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits, tagged ``old`` and ``new``; ``speed`` is what each gives."""
    folder = tmp_path / "repository"
    folder.mkdir()

    def git(*words: str) -> None:
        settings = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *settings, *words], cwd=folder, check=True, capture_output=True)

    git("init", "--quiet")
    for name, speed in (("old", "20"), ("new", "15")):
        for package in ("app", "model"):
            (folder / package).mkdir(exist_ok=True)
            (folder / package / "__init__.py").touch()
        (folder / "speed").write_text(speed)
        git("add", ".")
        git("commit", "--quiet", "--message", name)
        git("tag", name)
    return folder


class FakeService:
    """Answers as fast as the file ``speed`` of its folder says, on a machine whose load changes."""

    start_s = 1.0

    def __init__(self, system: System) -> None:
        self.system = system
        tree = Path(system.environment["PYTHONPATH"].split(os.pathsep)[0])
        self.speed = float((tree / "speed").read_text())
        self._cpu_s = 0.0

    def pause(self) -> None:
        pass

    @contextmanager
    def resumed(self) -> Iterator[None]:
        yield

    def cpu_s(self) -> float:
        return self._cpu_s

    def answer(self, factor: float) -> dict[str, Any]:
        self._cpu_s += 100 / self.speed
        milliseconds = 1000 / (self.speed * factor)
        return {
            "latencies_ms": [milliseconds] * 100,
            "seconds": 100 * milliseconds / 1000,
            "sent": 100,
            "failures": {},
        }


@pytest.fixture
def faked(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The comparison on the phantom repository, with fake services; returns the folder of results."""
    noise = random.Random(1)

    @contextmanager
    def started(system: System) -> Iterator[FakeService]:
        yield FakeService(system)

    def load(service: FakeService, *_: object, **__: object) -> dict[str, Any]:
        return service.answer(noise.uniform(0.97, 1.03))

    monkeypatch.setattr(compare, "ROOT", repository)
    monkeypatch.setattr(compare, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(compare, "started", started)
    monkeypatch.setattr(compare, "load", load)
    return tmp_path / "results"


@pytest.mark.parametrize(("old", "new", "code"), [("old", "new", 1), ("new", "old", 0), ("old", "old", 0)])
def test_a_regression_fails_the_comparison(
    faked: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, code: int
) -> None:
    assert compare.main([old, new, "--rounds=6"]) == code
    assert ("REGRESSION" in capsys.readouterr().out) == bool(code)
    written = json.loads((faked / "compare.json").read_text())
    rate = written["verdicts"][0]
    expected = {"old": 20, "new": 15}[new] / {"old": 20, "new": 15}[old]
    assert rate["ratio"]["value"] == pytest.approx(expected, rel=0.03)
    assert rate["ratio"]["low"] < expected < rate["ratio"]["high"]
    assert len(written["machine"]["old"]) == 40


def test_a_small_loss_is_no_regression() -> None:
    assert not any(verdict.regression for verdict in judge(_samples(0.97), threshold=0.05))
    assert [verdict.regression for verdict in judge(_samples(0.90), threshold=0.05)] == [True, True, True]
    assert not any(verdict.regression for verdict in judge(_samples(1.10), threshold=0.05))


def test_noise_alone_is_no_regression() -> None:
    noisy = [1.0, 0.6, 1.3, 0.5, 1.2]
    old: list[Sample] = [dict.fromkeys(LOWER_IS_BETTER, 1.0) for _ in noisy]
    new: list[Sample] = [dict.fromkeys(LOWER_IS_BETTER, value) for value in noisy]
    verdicts = judge({"x": (old, new)}, threshold=0.05)
    assert verdicts[0].ratio.value < 0.95
    assert not verdicts[0].regression


def test_commits_are_measured_in_turn_and_the_first_round_does_not_count() -> None:
    order = []

    def measure(which: int, _: Picture) -> Sample:
        order.append("AB"[which])
        return dict.fromkeys(LOWER_IS_BETTER, float(len(order)))

    found = measure_in_turn(measure, [SMALL], rounds=3)
    assert "".join(order) == "ABBAABBA"
    assert [len(samples) for samples in found[SMALL.name]] == [3, 3]


def test_unknown_commit_is_named(faked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["old", "nosuch"]) == 2
    assert "no commit nosuch" in capsys.readouterr().out


def test_checkouts_are_removed(repository: Path, tmp_path: Path) -> None:
    def stopped() -> None:
        with checked_out(repository, "old", tmp_path / "tree"):
            assert (tmp_path / "tree" / "speed").read_text() == "20"
            require_own_code(tmp_path / "tree")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not (tmp_path / "tree").exists()
    listed = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True)
    assert len(listed.stdout.splitlines()) == 1


def test_code_from_elsewhere_is_not_measured(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").touch()
    with pytest.raises(RuntimeError, match="would be measured instead"):
        require_own_code(tmp_path)


def test_a_commit_is_served_before_code_from_elsewhere_with_its_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("tree", "elsewhere"):
        for package in ("app", "model"):
            (tmp_path / folder / package).mkdir(parents=True)
            (tmp_path / folder / package / "__init__.py").touch()
    (tmp_path / "elsewhere" / "found_there.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    require_own_code(tmp_path / "tree")
    environment = {**os.environ, **pleura(None, device="cpu", tree=tmp_path / "tree").environment}
    subprocess.run([sys.executable, "-c", "import found_there"], env=environment, check=True)


def _samples(speed: float) -> dict[str, tuple[list[Sample], list[Sample]]]:
    old: list[Sample] = [dict.fromkeys(LOWER_IS_BETTER, 10.0 + wobble) for wobble in (0.0, 0.1, -0.1, 0.05)]
    new: list[Sample] = [
        {
            figure: value / speed if LOWER_IS_BETTER[figure] else value * speed
            for figure, value in sample.items()
        }
        for sample in old
    ]
    return {"x": (old, new)}
