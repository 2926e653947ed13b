"""The table of results of `pleura segment`."""

import csv
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from bulk.results import COLUMNS, Results
from model.writing.formats import Format
from tests.app.fakes import dicom, encode, picture
from tests.app.waiting import wait_until
from tests.bulk.conftest import ALL, Pleura, results

ROOT = Path(__file__).parents[2]

NAMES = [
    "a, b.png",
    'say "ah".png',
    "two\nlines.png",
    "Ärzte 肺.png",
    "=1+1.png",
    "+49.png",
    "-x.png",
    "@SUM(A1).png",
    "\t.png",
    "＝1.png",
    "'quoted.png",
    "=folder/x.png",
    " space .png",
]


def table(out: Path, name: str = "results.csv") -> dict[str, dict[str, str]]:
    """Rows by file; there must be one of each."""
    with (out / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["file"] for row in rows}) == len(rows)
    return {row["file"]: row for row in rows}


def draw(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(picture()))
    return folder


def test_each_file_has_one_row(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    (folder / "bad.png").write_bytes(encode(picture())[:99])
    assert pleura(folder, "--out", tmp_path / "out") == 1
    rows = table(tmp_path / "out")
    assert rows.keys() == ALL | {"bad.png"}
    assert rows["a.png"] == {
        "file": "a.png",
        "width": "64",
        "height": "64",
        "right_area_px": "640",
        "right_area_mm2": "",
        "left_area_px": "",
        "left_area_mm2": "",
        "heart_area_px": "",
        "heart_area_mm2": "",
        "cardiothoracic_ratio": "",
        "spacing_plane": "",
        "trusted": "false",
        "predicted_iou": "",
        "warnings": "one_lung not_calibrated",
        "engine": "fake-fp32",
        "error": "",
    }
    of_dicom = rows["without-suffix"]
    assert (of_dicom["right_area_mm2"], of_dicom["spacing_plane"]) == ("160.0", "unknown")
    assert rows["bad.png"]["error"].startswith("The image is damaged")
    assert rows["bad.png"]["width"] == rows["bad.png"]["engine"] == ""
    assert f"see {tmp_path}/out/results.csv" in pleura.stderr


def test_table_contains_no_patient_data(pleura: Pleura, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/x.dcm").write_bytes(dicom(picture()))
    pleura(tmp_path / "in", "--out", tmp_path / "out")
    assert "DOE" not in (tmp_path / "out/results.csv").read_text("utf-8")


def test_failures_cover_the_last_run_only(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("bad.png", "gone.png"):
        (folder / name).write_bytes(encode(picture())[:99])
    assert pleura(folder, "--out", out) == 1
    (folder / "bad.png").write_bytes(encode(picture()))
    (folder / "gone.png").unlink()
    assert pleura(folder, "--out", out) == 0
    assert pleura.engine.batches == [1]
    rows = table(out)
    assert rows.keys() == ALL | {"bad.png"}
    assert not any(row["error"] for row in rows.values())


def test_result_without_a_row_is_written_again(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    """As after a process that was killed between the two."""
    out = tmp_path / "out"
    pleura(folder, "--out", out)
    before = table(out)
    lines = (out / "results.csv").read_bytes().splitlines(keepends=True)
    (out / "results.csv").write_bytes(b"".join(lines[:-1]))
    assert pleura(folder, "--out", out) == 0
    assert pleura.engine.batches == [1]
    assert table(out) == before


def test_row_without_a_result_is_replaced(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pleura(folder, "--out", out)
    before = table(out)
    (out / "a.png.mask.png").unlink()
    assert pleura(folder, "--out", out) == 0
    assert pleura.engine.batches == [1]
    assert table(out) == before


@pytest.mark.parametrize("torn", [1, 2, 10, 20])
def test_incomplete_row_is_written_again(pleura: Pleura, folder: Path, tmp_path: Path, torn: int) -> None:
    out = tmp_path / "out"
    pleura(folder, "--out", out)
    before = table(out)
    whole = (out / "results.csv").read_bytes()
    (out / "results.csv").write_bytes(whole[:-torn])
    assert pleura(folder, "--out", out) == 0
    assert pleura.engine.batches == [1]
    assert table(out) == before


@pytest.mark.slow
def test_killed_run_resumes(tmp_path: Path) -> None:
    names = [f"{index:02}, \n{index}.png" for index in range(12)]
    draw(tmp_path / "in", *names)
    out = tmp_path / "out"
    arguments = [tmp_path, "segment", tmp_path / "in", "--out", out]
    command = [sys.executable, "-m", "tests.model.segmenting", *map(str, arguments)]
    for _ in range(3):
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ}, stderr=subprocess.DEVNULL)
        wait_until((tmp_path / "entered").exists)
        process.kill()
        process.wait(60)
        (tmp_path / "entered").unlink()
        assert table(out).keys() <= set(names)
    (tmp_path / "go").touch()
    assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60).returncode == 0
    assert table(out).keys() == set(names) == results(out)


@pytest.mark.parametrize("again", [False, True], ids=["at once", "resumed"])
def test_any_file_name_can_be_written(pleura: Pleura, tmp_path: Path, again: bool) -> None:
    folder, out = draw(tmp_path / "in", *NAMES), tmp_path / "out"
    assert pleura(folder, "--out", out) == 0
    if again:
        assert pleura(folder, "--out", out) == 0
        assert pleura.engine.batches == []
    rows = table(out)
    assert len(rows) == len(NAMES)
    assert {os.path.normpath(name) for name in rows} == set(NAMES)
    assert all((folder / name).is_file() for name in rows), "a row leads to its file"
    assert not [name for name in rows if name.startswith(("=", "+", "-", "@", "\t", "＝"))]


def test_names_in_failures_are_not_formulas(pleura: Pleura, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/=cmd.png").write_bytes(b"")
    assert pleura(tmp_path / "in", "--out", tmp_path / "out") == 1
    assert table(tmp_path / "out", "failures.csv").keys() == {"./=cmd.png"}


def test_name_that_is_not_unicode_is_escaped(pleura: Pleura, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    draw(tmp_path / "in", name)
    for batches in ([1], []):
        assert pleura(tmp_path / "in", "--out", tmp_path / "out") == 0
        assert pleura.engine.batches == batches
        assert table(tmp_path / "out").keys() == {"\\xff.png"}


def test_tables_of_shards_are_joined_by_a_whole_run(pleura: Pleura, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(20)] + NAMES
    folder, out = draw(tmp_path / "in", *names), tmp_path / "out"
    parts = []
    for part in range(1, 4):
        assert pleura(folder, "--out", out, "--shard", f"{part}/3") == 0
        parts.append(set(table(out, f"results-{part}-of-3.csv")))
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(names)
    assert pleura(folder, "--out", out) == 0
    assert pleura.engine.batches == [], "nothing is done twice"
    assert table(out).keys() == set.union(*parts)


def test_run_with_another_number_of_shards_resumes(pleura: Pleura, tmp_path: Path) -> None:
    folder, out = draw(tmp_path / "in", *(f"{number}.png" for number in range(20))), tmp_path / "out"
    pleura(folder, "--out", out, "--shard", "1/2")
    done = set(table(out, "results-1-of-2.csv"))
    batches = 0
    for part in range(1, 5):
        assert pleura(folder, "--out", out, "--shard", f"{part}/4") == 0
        batches += len(pleura.engine.batches)
    assert batches == 20 - len(done)
    assert sum(len(table(out, f"results-{part}-of-4.csv")) for part in range(1, 5)) == 20


def test_several_formats_share_one_row_per_file(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pleura(folder, "--out", out)
    assert pleura(folder / "a.png", "--out", out, "--format", "json") == 0
    assert table(out).keys() == ALL
    assert pleura(folder, "--out", out, "--format", "json") == 0
    assert table(out).keys() == ALL
    assert pleura(folder, "--out", out) == 0
    assert pleura.engine.batches == []


def test_foreign_table_is_not_overwritten(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "results.csv").write_text("patient,diagnosis\n1,2\n")
    assert pleura(folder, "--out", out) == 1
    assert "move it to another folder" in pleura.stderr
    assert (out / "results.csv").read_text() == "patient,diagnosis\n1,2\n"
    assert not results(out)


def test_empty_table_is_started(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/results.csv").touch()
    assert pleura(folder, "--out", tmp_path / "out") == 0
    assert table(tmp_path / "out").keys() == ALL


def test_memory_per_file_is_small(tmp_path: Path) -> None:
    names = [f"folder-of-some-length/{number:07}.png" for number in range(30_000)]
    rows = [[name, *[""] * (len(COLUMNS) - 1)] for name in names[::2]]
    with (tmp_path / "results.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    tracemalloc.start()
    try:
        with Results(tmp_path, format_=Format.PNG, shard=None) as made:
            assert len(made.resume(names)) == len(names)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # 9 bytes for each, 8 more in the list of what is to be done, which grows by an eighth, and some
    # buffers.
    assert peak < 25 * len(names) + 300_000
