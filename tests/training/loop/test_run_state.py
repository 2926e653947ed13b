import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from training.errors import TrainingError
from training.loop.run_state import claim, has_state, load_state, save_state, saving

STATE: dict[str, Any] = {
    "recipe": {"seed": 0},
    "network": {"w": torch.arange(3)},
    "rows": [{"epoch": 1}],
    "best": 0.5,
}


def full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_state_is_restored(tmp_path: Path) -> None:
    assert not has_state(tmp_path)
    save_state(tmp_path, STATE)
    assert has_state(tmp_path)
    state = load_state(tmp_path, same={"recipe": {"seed": 0}})
    assert torch.equal(state["network"]["w"], torch.arange(3))
    assert state["rows"] == [{"epoch": 1}]


def test_full_disk_keeps_the_saved_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_state(tmp_path, STATE)
    before = (tmp_path / "state.pt").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(
            TrainingError, match=r"\(No space left on device\): free the disk, then go on with --resume"
        ),
        saving(tmp_path),
    ):
        save_state(tmp_path, {**STATE, "best": 0.7})
    assert (tmp_path / "state.pt").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_full_disk_in_the_first_epoch_leaves_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingError, match="free the disk, then start again"), saving(tmp_path):
        save_state(tmp_path, STATE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("amount", [10, 10_000_000])
def test_a_disk_that_is_really_full_is_named(tmp_path: Path, amount: int) -> None:
    (tmp_path / ".state.pt.partial").symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=r"\(No space left on device\): free the disk"), saving(tmp_path):
        save_state(tmp_path, {"network": torch.zeros(amount)})


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EDQUOT, "free the disk"),
        (errno.EROFS, "make the folder writable"),
        (errno.EACCES, "make the folder writable"),
        (errno.EIO, "check the folder and its disk"),
    ],
)
def test_failed_write_is_reported_with_its_cause(tmp_path: Path, number: int, remedy: str) -> None:
    with pytest.raises(TrainingError) as caught, saving(tmp_path):
        raise OSError(number, os.strerror(number))
    assert f"({os.strerror(number)}): {remedy}, then start again" in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: out of memory"),
        FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/nowhere/font.ttf"),
    ],
)
def test_other_errors_pass_unchanged(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, saving(tmp_path):
        raise error
    assert caught.value is error


def test_resuming_without_a_state_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"There is no .*state\.pt to resume from: start the run without --resume"
    ):
        load_state(tmp_path, same={})


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated_state_is_rejected(tmp_path: Path, share: float) -> None:
    save_state(tmp_path, STATE)
    data = (tmp_path / "state.pt").read_bytes()
    (tmp_path / "state.pt").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TrainingError, match=r"is damaged .*: start the run again") as caught:
        load_state(tmp_path, same={})
    assert "\n" not in str(caught.value)


def test_other_file_as_state_is_rejected(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "state.pt")
    with pytest.raises(TrainingError, match="is not the state of a run"):
        load_state(tmp_path, same={})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("recipe", "another recipe, seed or --teacher"),
        ("num_classes", "another number of classes"),
        ("encoder_weights", "other encoder weights"),
        ("data", "other images"),
    ],
)
def test_resuming_with_other_settings_is_rejected(tmp_path: Path, name: str, words: str) -> None:
    save_state(tmp_path, {**STATE, name: 1})
    load_state(tmp_path, same={name: 1})
    with pytest.raises(TrainingError, match=f"was started with {words}: resume it with the same"):
        load_state(tmp_path, same={name: 2})


def test_states_of_earlier_versions_are_read(tmp_path: Path) -> None:
    save_state(tmp_path, STATE)
    load_state(tmp_path, same={"recipe": STATE["recipe"], "data": {"train": ["abc"]}})


def test_folder_is_locked_by_one_run(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "x"
    with (
        claim(out),
        pytest.raises(TrainingError, match=r"Another run is writing into .*x: wait until it ends"),
        claim(out),
    ):
        pytest.fail("two runs are at work in one folder")
    with claim(out):
        assert out.is_dir()


def test_lock_ends_with_its_process(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from training.loop.run_state import claim\n"
        "with claim(Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, tmp_path], check=False)
    assert killed.returncode == -9
    with claim(tmp_path):
        pass


def test_incomplete_files_of_a_killed_run_are_deleted(tmp_path: Path) -> None:
    leftovers = [
        ".state.pt.partial",
        ".last.safetensors.k3v9",
        ".best.safetensors.ab12",
        ".epochs.csv.x1",
        ".curves.png.y2",
    ]
    kept = ["state.pt", "last.safetensors", "notes.txt", ".gitignore"]
    for name in leftovers + kept:
        (tmp_path / name).write_text("")
    with claim(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {*kept, ".lock"}
