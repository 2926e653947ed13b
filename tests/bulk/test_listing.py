"""The files that `pleura segment` lists, and the names of its results."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.app.fakes import dicom, encode, picture
from tests.bulk.conftest import Pleura, results
from tests.bulk.test_results import draw, table


def last_line(pleura: Pleura) -> str:
    return pleura.stderr.splitlines()[-1]


def test_ignored_files_are_counted_at_the_end(pleura: Pleura, tmp_path: Path) -> None:
    folder = draw(tmp_path / "in", "x.png", "a/y.png")
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (folder / "a/film.gif").write_bytes(b"GIF89a")
    (folder / "a/all.zip").write_bytes(b"PK\x03\x04")
    (folder / "notes").write_text("no image")
    for hidden in (".DS_Store", "._x.png", "DICOMDIR", ".git/config"):
        (folder / hidden).parent.mkdir(exist_ok=True)
        (folder / hidden).write_bytes(b"")
    assert pleura(folder, "--out", folder / "out") == 0
    assert "4 files were ignored: not a supported image type" in last_line(pleura)
    assert pleura(folder, "--out", folder / "out") == 0
    assert "4 files were ignored" in last_line(pleura)
    assert pleura(folder, "--no-recursive", "--out", folder / "out") == 0
    assert "2 files were ignored" in last_line(pleura)
    assert pleura(folder / "x.png", "--out", tmp_path / "out") == 0
    assert " ignored: " not in pleura.stderr


def test_folder_with_ignored_files_only_is_reported(pleura: Pleura, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/photo.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert pleura(tmp_path / "in", "--out", tmp_path / "out") == 1
    assert "There is no image to segment" in pleura.stderr
    assert "1 file was ignored: not a supported image type" in pleura.stderr


def test_pipe_in_a_folder_does_not_block(pleura: Pleura, tmp_path: Path) -> None:
    folder = draw(tmp_path / "in", "x.png")
    os.mkfifo(folder / "pipe")
    assert pleura(folder, "--out", tmp_path / "out") == 0
    assert "1 file was ignored" in last_line(pleura)


def test_file_that_cannot_be_opened_is_reported(
    pleura: Pleura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw(tmp_path / "in", "x.png")
    (folder / "IM0001").write_bytes(dicom(picture()))
    opened = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "IM0001":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    assert pleura(folder, "--out", tmp_path / "out") == 1
    assert "IM0001: The file cannot be opened (Permission denied)" in pleura.stderr


def test_files_with_the_same_name_from_two_folders_share_an_out(
    pleura: Pleura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for name in ("a", "b", "c"):
        draw(tmp_path / name, "x.png")
    for _ in range(2):
        for name in ("a", "b", "c"):
            monkeypatch.chdir(tmp_path / name)
            assert pleura("x.png", "--out", out) == 0
    assert pleura.engine.batches == []
    names = {"x.png", f"_elsewhere{tmp_path}/b/x.png", f"_elsewhere{tmp_path}/c/x.png"}
    assert results(out) == names
    assert table(out).keys() == names


def test_files_inside_and_outside_the_working_directory_share_an_out(
    pleura: Pleura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "a", "x.png")
    draw(tmp_path / "b", "x.png", "y.png")
    monkeypatch.chdir(tmp_path / "a")
    assert pleura("x.png", "--out", "../out") == 0
    assert pleura(tmp_path / "b/x.png", "--out", "../out") == 0
    assert pleura("../a/x.png", tmp_path / "b", "--out", "../out") == 0
    assert len(pleura.engine.batches) == 1
    elsewhere = f"_elsewhere{tmp_path}/b"
    assert results(tmp_path / "out") == {"x.png", f"{elsewhere}/x.png", f"{elsewhere}/y.png"}


def test_file_has_the_same_name_alone_and_with_its_folder(
    pleura: Pleura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw(tmp_path / "in", "a/x.png", "a/y.png")
    assert pleura(folder, "--out", tmp_path / "out") == 0
    draw(folder, "a/z.png")
    monkeypatch.chdir(folder / "a")
    assert pleura("z.png", "--out", tmp_path / "out") == 0
    assert results(tmp_path / "out") == {"a/x.png", "a/y.png", "a/z.png"}


def test_linked_file_has_the_same_name_each_time(
    pleura: Pleura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "real", "x.png")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "here")
    for batches in ([1], []):
        assert pleura("link/x.png", "--out", tmp_path / "out") == 0
        assert pleura.engine.batches == batches
    assert results(tmp_path / "out") == {"link/x.png"}


def test_name_collision_is_rejected_before_any_work(
    pleura: Pleura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "a", f"_elsewhere{tmp_path}/b/x.png", "y.png")
    draw(tmp_path / "b", "x.png")
    monkeypatch.chdir(tmp_path / "a")
    assert pleura("y.png", "--out", "../out") == 0
    assert pleura(tmp_path / "b/x.png", "--out", "../out") == 1
    assert "would have the same result: use another --out" in pleura.stderr
    assert pleura.engine.batches == []


def test_results_of_another_folder_are_rejected(pleura: Pleura, tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw(tmp_path / name, "x.png")
    assert pleura(tmp_path / "a", "--out", tmp_path / "out") == 0
    assert pleura(tmp_path / "b", "--out", tmp_path / "out") == 1
    assert f"another folder ({tmp_path}/a, not {tmp_path}/b)" in pleura.stderr


@pytest.mark.parametrize(
    ("flags", "engine", "told"),
    [
        (["--flips"], "fake-fp32", "another engine (fake-fp32, not fake-fp32, flips averaged)"),
        ([], "other-int8", "another engine (fake-fp32, not other-int8)"),
        (["--threshold", "0.4"], "fake-fp32", "another threshold (0.5, not 0.4)"),
        (["--no-postprocess"], "fake-fp32", "another postprocess (True, not False)"),
        (["--no-postprocess", "--flips"], "fake-fp32", "and postprocess"),
    ],
)
def test_results_of_other_settings_are_rejected(
    flags: list[str], engine: str, told: str, pleura: Pleura, tmp_path: Path
) -> None:
    folder = draw(tmp_path / "in", "x.png")
    assert pleura(folder, "--out", tmp_path / "out") == 0
    pleura.engine.name = engine
    assert pleura(folder, "--out", tmp_path / "out", *flags) == 1
    assert told in pleura.stderr
    pleura.engine.name = "fake-fp32"
    assert pleura(folder, "--out", tmp_path / "out") == 0


@pytest.mark.parametrize("record", ["", "[]", '{"folder": 3}', '{"checkpoint": "x"}'])
def test_damaged_or_older_record_is_rejected(record: str, pleura: Pleura, tmp_path: Path) -> None:
    folder = draw(tmp_path / "in", "x.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.pleura-run.json").write_text(record)
    assert pleura(folder, "--out", tmp_path / "out") == 1
    assert "holds results of another" in pleura.stderr
    assert encode(picture()) == (folder / "x.png").read_bytes()
