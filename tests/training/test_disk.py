"""What a command says of a folder that cannot be written, and of a disk that is full."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.checkpoint import BUNDLED
from model.engines.conversion import save
from model.engines.openvino import shared_core

from .conftest import Phantoms, Pleura

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def commands(phantoms: Phantoms) -> dict[str, list[str | Path]]:
    """Each command that writes, but for ``--out``."""
    images, checkpoint = phantoms.fewer / "images", ("--checkpoint", BUNDLED)
    return {
        "evaluate": [*checkpoint, "--data", phantoms.fewer],
        "average": [*checkpoint, *checkpoint],
        "calibrate": [
            *checkpoint,
            "--data",
            phantoms.fewer,
            "--frontal",
            images,
            "--negatives",
            phantoms.fewer,
        ],
        "export": [*checkpoint, "--images", images],
        "clean": ["--data", phantoms.few, "--size", "32", "--epochs", "1", "--folds", "2"],
        "pseudo-label": ["--images", images],
    }


NAMES = ("evaluate", "average", "calibrate", "export", "clean", "pseudo-label")


def _out(folder: Path, name: str) -> Path:
    return folder / "x.safetensors" if name in ("average", "calibrate") else folder


@pytest.mark.parametrize("name", NAMES)
def test_file_as_out_is_rejected_before_the_work(
    name: str, commands: dict[str, list[str | Path]], pleura: Pleura, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    ended = pleura(name, *commands[name], "--out", _out(tmp_path / "file" / "out", name))
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert "could not be written into" in line
    assert "(Not a directory): check the folder and its disk, or name another --out." in line


@pytest.mark.parametrize("name", NAMES)
def test_read_only_out_is_rejected_before_the_work(
    name: str, commands: dict[str, list[str | Path]], pleura: Pleura, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    ended = pleura(name, *commands[name], "--out", _out(small_disk, name))
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert "(Read-only file system): make the folder writable, or name another --out." in line


@pytest.mark.parametrize("name", ["evaluate", "average", "pseudo-label"])
def test_disk_that_fills_up_is_reported(
    name: str, commands: dict[str, list[str | Path]], pleura: Pleura, small_disk: Path
) -> None:
    (small_disk / "filler").write_bytes(bytes(60_000))
    ended = pleura(name, *commands[name], "--out", _out(small_disk / "out", name))
    assert ended.code == 1
    assert "(No space left on device): free the disk, or name another --out." in ended.err.splitlines()[-1]


def test_export_to_a_full_disk_is_reported(small_disk: Path) -> None:
    model = shared_core().read_model(BUNDLED.with_suffix(".int8.xml"))
    with pytest.raises(OSError, match="No space left on device"):
        save(model, small_disk / "x.int8.xml")
    assert not list(small_disk.iterdir())
