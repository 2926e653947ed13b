"""``pleura bulk`` on a Ray cluster of two machines, both of them this one."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco

import pleura_cli
from bulk.loop import Outcome
from model.errors import EngineError, PleuraError
from model.segmenter import Segmenter
from tests.app.fakes import FakeEngine, segmenter, truth
from tests.app.waiting import wait_until

pytest.importorskip("ray", reason="Pleura's extra ray is not installed")

import pyarrow.parquet
import ray
from ray.cluster_utils import Cluster

from bulk.ray.cluster import Allocation, allocate
from bulk.ray.run import segment_all
from bulk.ray.stages import Job

from .clusters import BAD, TWO, Gate, archive, box, describe, job

ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # Machines of a cluster take a while to start and to be missed.
    pytest.mark.timeout(600),
    # Ray leaves files and sockets to the end of the process.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # It warns of settings of its own that it reads itself.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """One machine, which is never lost; this process has joined it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        made = Cluster(initialize_head=True, head_node_args=MACHINE)
        ray.init(address=made.address, logging_level=logging.ERROR, log_to_driver=False)
        yield made
        ray.shutdown()
        made.shutdown()  # type: ignore[no-untyped-call]


MACHINE = {"num_cpus": 2, "object_store_memory": 80 << 20, "include_dashboard": False}


@ray.remote(scheduling_strategy="SPREAD")
def _machine() -> str:
    return ray.get_runtime_context().get_node_id()


@pytest.fixture
def second(cluster: Cluster) -> Iterator[Any]:
    """Another machine."""
    machine = cluster.add_node(num_cpus=2, object_store_memory=80 << 20)
    cluster.wait_for_nodes()
    # It is known to the cluster at once, but a while later to the first machine, which hands out the work.
    while machine.node_id not in ray.get([_machine.remote() for _ in range(4)]):
        pass
    yield machine
    if machine in cluster.worker_nodes:
        cluster.remove_node(machine)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    (tmp_path / "gate").mkdir()
    return Gate(tmp_path / "gate")


def table(out: Path, name: str) -> list[dict[str, Any]]:
    """All rows of a table, in the order of their paths."""
    files = (out / name).glob("*.parquet")
    rows = [row for file in files for row in pyarrow.parquet.read_table(file).to_pylist()]
    return sorted(rows, key=lambda row: str(row["path"]))


def require_each_once(out: Path, names: Iterable[str]) -> None:
    images, errors = ([row["path"] for row in table(out, name)] for name in ("images", "errors"))
    assert errors == sorted(BAD)
    assert images == sorted(set(names) - set(BAD))


def test_every_image_and_every_damaged_file_is_a_row(cluster: Cluster, second: Any, tmp_path: Path) -> None:
    names = archive(tmp_path / "in", 20)
    outcomes = list(segment_all(job(tmp_path / "in", tmp_path / "out"), names, TWO))
    assert sorted(outcome.name for outcome in outcomes) == names
    require_each_once(tmp_path / "out", names)
    alone = segmenter()
    for row in table(tmp_path / "out", "images"):
        expected = alone((tmp_path / "in" / row["path"]).read_bytes())
        rle = {"size": [row["height"], row["width"]], "counts": row["mask_rle"]}
        np.testing.assert_array_equal(coco.decode(rle), truth(box(row["path"])))
        assert row["format"] == "png"
        assert row["trusted"] == expected.quality.trusted
        assert row["warnings"] == [
            {"code": warning.code, "message": warning.message} for warning in expected.quality.warnings
        ]
        for side, lung in (("right", expected.right), ("left", expected.left)):
            assert (row[side] is None) == (lung is None)
            if lung is not None:
                assert row[side]["area_px"] == lung.area_px
                assert tuple(row[side]["box"]) == lung.box
        assert row["model_sha256"] == "0" * 64
        assert row["engine"] == "fake-fp32"
    reasons = {row["path"]: row["reason"] for row in table(tmp_path / "out", "errors")}
    assert reasons == {outcome.name: outcome.error for outcome in outcomes if outcome.error}
    assert "damaged" in reasons["bad/cut.png"]


def test_images_of_a_lost_machine_are_segmented_again(
    cluster: Cluster, second: Any, gate: Gate, tmp_path: Path
) -> None:
    names = archive(tmp_path / "in", 60)
    told: list[Outcome] = []
    with closing(segment_all(job(tmp_path / "in", tmp_path / "out", gate=gate), names, TWO)) as outcomes:
        told += [next(outcomes) for _ in range(3)]
        wait_until(lambda: len(gate.machines()) == 2, within_s=60)
        assert second.node_id in gate.machines()
        cluster.remove_node(second)
        gate.open()
        told += outcomes
    assert sorted(outcome.name for outcome in told) == names
    require_each_once(tmp_path / "out", names)


def test_killed_run_resumes(cluster: Cluster, gate: Gate, tmp_path: Path) -> None:
    names, out = archive(tmp_path / "in", 24), tmp_path / "out"
    driver = [sys.executable, "-m", "tests.bulk.ray.driver", cluster.address]
    with subprocess.Popen(
        [*driver, str(tmp_path / "in"), str(out), str(gate.folder), *names],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    assert first in names
    resumed = job(tmp_path / "in", out)
    done = set(resumed.out.paths_in("images"))
    assert done | set(BAD) < set(names)
    resumed.out.forget("errors")
    list(segment_all(resumed, [name for name in names if name not in done], TWO))
    require_each_once(out, names)


def broken(threads: int) -> Segmenter:
    return segmenter(FakeEngine(failure=EngineError("The engine has no memory left: give it more.")))


def absent(threads: int) -> Segmenter:
    raise EngineError("No engine runs here: install one.")


@pytest.mark.parametrize(
    ("load", "sentence"), [(broken, "has no memory left"), (absent, "No engine runs here")]
)
def test_engine_error_ends_the_run_with_a_sentence(
    cluster: Cluster, tmp_path: Path, load: Any, sentence: str
) -> None:
    names = archive(tmp_path / "in", 2)
    given = job(tmp_path / "in", tmp_path / "out")
    wrong = Job(source=given.source, out=given.out, sha256="0" * 64, describe=describe, load=load)
    with pytest.raises(PleuraError, match=sentence):
        list(segment_all(wrong, names, TWO))


def test_unwritable_results_end_the_run_with_a_sentence(cluster: Cluster, tmp_path: Path) -> None:
    names = archive(tmp_path / "in", 2)
    (tmp_path / "out").touch()
    with pytest.raises(PleuraError, match="results cannot be written"):
        list(segment_all(job(tmp_path / "in", tmp_path / "out"), names, TWO))


def test_different_checkpoint_on_a_machine_is_rejected(cluster: Cluster, tmp_path: Path) -> None:
    names = archive(tmp_path / "in", 2)
    given = job(tmp_path / "in", tmp_path / "out")
    other = Job(source=given.source, out=given.out, sha256="1" * 64, describe=describe, load=given.load)
    with pytest.raises(PleuraError, match="has another checkpoint than this one"):
        list(segment_all(other, names, TWO))


def test_processors_are_allocated(cluster: Cluster) -> None:
    assert allocate("auto") == Allocation(networks=1, threads=2, gpus=0, task_cpus=1.0)
    with pytest.raises(PleuraError, match="No machine of the cluster has a GPU"):
        allocate("cuda")


def test_command_runs_with_the_bundled_network(cluster: Cluster, tmp_path: Path) -> None:
    names, out = archive(tmp_path / "in", 6), tmp_path / "out"
    (tmp_path / "in" / os.fsdecode(b"\xff.png")).write_bytes(b"")
    command = [sys.executable, "-m", "pleura_cli", "bulk", "--input", "in", "--output", "out"]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"RAY_ADDRESS": cluster.address, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [*command, *more], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    done = run()
    assert done.returncode == 1, done.stderr
    assert "6 segmented" in done.stderr
    assert "3 failed: see out/errors" in done.stderr
    assert [row["path"] for row in table(out, "errors")] == ["\\xff.png", *sorted(BAD)]
    bundled = Segmenter(device="cpu")
    for row in table(out, "images"):
        expected = bundled((tmp_path / "in" / row["path"]).read_bytes())
        assert row["engine"] == bundled.engine.name
        assert row["predicted_iou"] == pytest.approx(expected.quality.predicted_iou, abs=0.01)
        found = coco.decode({"size": [row["height"], row["width"]], "counts": row["mask_rle"]})
        assert np.mean(found == expected.mask) > 0.999

    for name in BAD:
        (tmp_path / "in" / name).unlink()
    (tmp_path / "in" / os.fsdecode(b"\xff.png")).unlink()
    again = run()
    assert again.returncode == 0, again.stderr
    assert "6 done before" in again.stderr
    assert table(out, "errors") == []
    assert len(table(out, "images")) == len(names) - len(BAD)

    other = run("--input", str(tmp_path / "in" / "even"))
    assert other.returncode == 1
    assert other.stderr == (
        "pleura: --output holds results of another input: use another folder, or delete its contents.\n"
    )


def test_missing_extra_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("bulk.ray.command.find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["pleura", "bulk", "--input", str(tmp_path), "--output", "out"])
    with pytest.raises(SystemExit) as ended:
        pleura_cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("pleura: pleura bulk needs Ray, which is not installed: ")
