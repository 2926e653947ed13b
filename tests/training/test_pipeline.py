"""The steps that make the bundled weights."""

import os
import subprocess
import tarfile
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

import training.pipeline
from training.pipeline.data_sets import MASKS, UNLABELLED
from training.pipeline.plan import Pipeline
from training.pipeline.steps import Step, run, run_chain


@pytest.fixture
def free(tmp_path: Path) -> Pipeline:
    """A pipeline on folders of three images each."""
    data, out = tmp_path / "data", tmp_path / "out"
    images = [data / folder for folder in UNLABELLED.values()]
    for name in MASKS:
        images += [data / name / "train" / "images", out / "clean" / f"{name}-train" / "images"]
    images.append(data / "covid" / "train" / "images")
    images += [out / f"labels-{number}" / "nih" / "images" for number in (1, 2)]
    for folder in images:
        folder.mkdir(parents=True)
        for number in range(3):
            cv2.imwrite(str(folder / f"{number}.png"), np.zeros((4, 4), np.uint8))
    (data / "covid" / "index.csv").write_text(
        "stem,licence\n0,CC BY 4.0\n1,CC BY-NC-SA 4.0\n2,\n", encoding="utf-8"
    )
    return Pipeline(data=data, out=out, encoder_weights="none", scale=0.01)


def commands(free: Pipeline) -> dict[str, list[str]]:
    """Each step's arguments by name, in order."""
    return {
        step.name: list(map(str, step.arguments()))
        for stage in free.stages()
        for chain in stage
        for step in chain
    }


def values_of(arguments: list[str], *options: str) -> list[str]:
    return [value for option, value in pairwise(arguments) if option in options]


def test_steps_read_only_checkpoints_of_earlier_steps(free: Pipeline) -> None:
    written = set()
    for arguments in commands(free).values():
        for path in values_of(arguments, "--checkpoint", "--start-from"):
            assert path in written
        (out,) = values_of(arguments, "--out")
        written |= {out, f"{out}/last.safetensors"}


def test_only_the_report_reads_masks_that_are_not_free(free: Pipeline) -> None:
    data = str(free.data)
    found = commands(free)
    for name, arguments in found.items():
        if name == "report":
            continue
        folders = [path for path in values_of(arguments, "--data", "--validation") if path.startswith(data)]
        assert all(Path(folder).parent.name in MASKS for folder in folders)
        assert all(path == f"{data}/covid/train/masks" for path in values_of(arguments, "--within"))
    assert len(values_of(found["report"], "--data")) == 5


def test_everything_adds_one_network(free: Pipeline) -> None:
    more = replace(free, everything=True)
    for name in ("shenzhen", "covid_lungs", "children"):
        (free.data / name / "train" / "images").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(free.data / name / "train" / "images" / "x.png"), np.zeros((4, 4), np.uint8))
        cleaned = free.out / "clean-everything" / f"{name}-train" / "images"
        cleaned.mkdir(parents=True)
        cv2.imwrite(str(cleaned / "x.png"), np.zeros((4, 4), np.uint8))
    found, plain = commands(more), commands(free)
    assert {name: found[name] for name in plain} == plain
    assert [Path(path).name for path in values_of(found["everything-256"], "--data")] == [
        *("montgomery-train", "wingspan-train", "shenzhen-train", "covid_lungs-train", "children-train"),
        "nih",
    ]


def test_only_images_of_free_licences_are_copied_from_covid(free: Pipeline) -> None:
    (folder,) = values_of(commands(free)["labels-1-covid"], "--images")
    assert [path.name for path in Path(folder).iterdir()] == ["0.png"]


def test_killed_run_is_resumed(free: Pipeline) -> None:
    assert "--resume" not in commands(free)["teacher-a-128"]
    (free.out / "teacher-a-128").mkdir()
    (free.out / "teacher-a-128" / "state.pt").touch()
    assert "--resume" in commands(free)["teacher-a-128"]


def test_each_folder_has_a_weight(free: Pipeline) -> None:
    arguments = commands(free)["student-1-a-128"]
    assert [Path(path).name for path in values_of(arguments, "--data")] == [
        "montgomery-train",
        "wingspan-train",
        "nih",
    ]
    assert values_of(arguments, "--weight") == ["2.0", "2.0", "1.0"]


def test_finished_steps_are_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = []

    def fake(command: list[str], **_: object) -> None:
        ran.append(command[-1])
        if command[-1] == "broken":
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr("training.pipeline.steps.subprocess.run", fake)
    first, broken, last = (
        Step("first", lambda: ["first"]),
        Step("broken", lambda: ["broken"]),
        Step("last", list),
    )
    with pytest.raises(subprocess.CalledProcessError):
        run_chain([first, broken, last], tmp_path)
    assert ran == ["first", "broken"]
    assert capsys.readouterr().out == "first\n"
    run(first, tmp_path)
    assert ran == ["first", "broken"]
    assert (tmp_path / "first.log").exists()


def test_what_a_lent_machine_made_is_kept_when_the_pipeline_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in, kept = tmp_path / "bin" / "python3", tmp_path / "kept"
    stand_in.parent.mkdir()
    stand_in.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != --out ]; do shift; done\n'
        'mkdir -p "$2/teacher-a-128" "$2/teacher-a-256"\n'
        'head -c 100 /dev/zero > "$2/teacher-a-128/last.safetensors"\n'
        'head -c 20000000 /dev/urandom | tee "$2/teacher-a-256/last.safetensors" | sha256sum > "$2/sum.log"\n'
        "exit 3\n"
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(stand_in.parent), prepend=os.pathsep)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    script = Path(training.pipeline.__file__).parents[1] / "lease.sh"
    done = subprocess.run(["bash", str(script), "DATA", "none", str(kept), "--jobs", "2"], check=False)
    assert done.returncode == 3
    parts = sorted(kept.glob("best.*"))
    assert [part.stat().st_size for part in parts] == [15 * 2**20, 20_000_000 - 15 * 2**20]
    with tarfile.open(kept / "logs.tar.gz") as logs:
        assert set(logs.getnames()) == {".", "./teacher-a-128", "./teacher-a-256", "./sum.log"}
        told = logs.extractfile("./sum.log")
        assert told is not None
        assert told.read().split()[0].decode() == sha256(b"".join(map(Path.read_bytes, parts))).hexdigest()
    assert (kept / "network.txt").read_text().startswith("teacher-a-256/last.safetensors ")
