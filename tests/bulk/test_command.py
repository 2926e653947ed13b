import csv
import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from nibabel import Nifti1Image
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco

from model.writing.formats import Format
from tests.app.fakes import FakeEngine, decode, dicom, encode, picture, truth
from tests.app.waiting import wait_until
from tests.bulk.conftest import ALL, Pleura, results

ROOT = Path(__file__).parents[2]

Mask = NDArray[np.bool_]


def test_one_image_from_standard_input_to_standard_output(pleura: Pleura) -> None:
    assert pleura("-", "--out", "-", stdin=encode(picture())) == 0
    np.testing.assert_array_equal(decode(pleura.stdout), truth())
    assert pleura.stderr == ""


def test_one_file_to_standard_output(pleura: Pleura, folder: Path) -> None:
    assert pleura(folder / "a.png", "--out", "-", "--format", "rle") == 0
    assert json.loads(pleura.stdout)["size"] == [64, 64]


def test_unreadable_image_is_reported(pleura: Pleura, tmp_path: Path) -> None:
    assert pleura("-", "--out", "-", stdin=encode(picture())[:99]) == 1
    assert pleura.stdout == b""
    (line,) = pleura.stderr.splitlines()
    assert "damaged" in line
    assert pleura(tmp_path / "missing.png", "--out", "-") == 1
    assert "missing.png cannot be opened" in pleura.stderr


def test_results_mirror_the_folder(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert pleura(folder, "--out", out) == 0
    assert results(out) == ALL
    for name in ALL:
        np.testing.assert_array_equal(decode((out / f"{name}.mask.png").read_bytes()), truth())
    assert "5 segmented" in pleura.stderr
    assert "1 file was ignored: not a supported image type" in pleura.stderr.splitlines()[-1]


def test_results_inside_the_folder_are_not_taken_for_images(pleura: Pleura, folder: Path) -> None:
    out = folder / "masks"
    for _ in range(2):
        assert pleura(folder, "--out", out) == 0
    assert results(out) == ALL


def test_subfolders_can_be_excluded(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    assert pleura(folder, "--no-recursive", "--out", tmp_path / "out") == 0
    assert results(tmp_path / "out") == {"a.png", "a.bmp", "without-suffix"}


def test_named_files_keep_their_folders(
    pleura: Pleura, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert pleura("a.png", "a/a.png", "a/../a/b", "--out", tmp_path / "out") == 0
    assert results(tmp_path / "out") == {"a.png", "a/a.png", "a/b/a.png"}


def test_finished_files_are_skipped(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pleura(folder, "--out", out)
    (out / "a/a.png.mask.png").unlink()
    assert pleura(folder, "--out", out) == 0
    assert len(pleura.engine.batches) == 1
    assert results(out) == ALL
    assert "4 done before" in pleura.stderr


def test_results_of_other_settings_are_not_mixed(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pleura(folder / "a", "--out", out)
    assert pleura(folder / "a", "--out", out, "--threshold", "0.4") == 1
    assert "holds results of another threshold" in pleura.stderr
    assert pleura(folder, "--out", out) == 1
    assert "holds results of another folder" in pleura.stderr
    assert pleura(folder / "a", "--out", out, "--format", "json") == 0


def test_damaged_file_is_reported_and_skipped(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (folder / "bad.png").write_bytes(encode(picture())[:99])
    (folder / "\x1b[31m.png").write_bytes(b"")
    assert pleura(folder, "--out", out) == 1
    assert results(out) == ALL
    assert "pleura: bad.png: The image is damaged" in pleura.stderr
    assert "\x1b" not in pleura.stderr
    with (out / "failures.csv").open(newline="") as file:
        assert {row["file"] for row in csv.DictReader(file)} == {"bad.png", "\x1b[31m.png"}
    (folder / "bad.png").write_bytes(encode(picture()))
    (folder / "\x1b[31m.png").unlink()
    assert pleura(folder, "--out", out) == 0
    assert results(out) == ALL | {"bad.png"}
    assert not (out / "failures.csv").exists()


def test_missing_file_is_reported(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    assert pleura(folder / "missing.png", folder / "a.png", "--out", tmp_path / "out") == 1
    assert len(results(tmp_path / "out")) == 1
    assert "cannot be opened" in pleura.stderr


def test_shards_are_disjoint_and_complete(pleura: Pleura, tmp_path: Path) -> None:
    for number in range(30):
        path = tmp_path / f"in/{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode(picture()))
    parts = []
    for part in range(1, 4):
        assert pleura(tmp_path / "in", "--out", tmp_path / f"out{part}", "--shard", f"{part}/3") == 0
        parts.append(results(tmp_path / f"out{part}"))
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) == 30


def test_batches_fit_the_engine(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    pleura.engine = FakeEngine(max_batch=3)
    assert pleura(folder, "--out", tmp_path / "out") == 0
    assert pleura.engine.batches == [3, 2]


def test_masks_without_postprocessing_can_be_written(pleura: Pleura) -> None:
    pixels = picture()
    pixels[2, 2] = 40
    for flags, kept in (((), False), (("--no-postprocess",), True)):
        pleura("-", "--out", "-", *flags, stdin=encode(pixels))
        assert decode(pleura.stdout)[2, 2] == kept


def _mask(pixels: NDArray[np.uint8]) -> Mask:
    mask: Mask = pixels.astype(np.bool_)
    return mask


def _png(data: bytes) -> Mask:
    return decode(data)


def _rle(data: bytes) -> Mask:
    return _mask(coco.decode(json.loads(data)))


def _polygons(data: bytes) -> Mask:
    return _mask(coco.decode(coco.merge(coco.frPyObjects(json.loads(data), 64, 64))))


def _json(data: bytes) -> Mask:
    return _mask(coco.decode(json.loads(data)["mask"]["data"]))


def _seg(data: bytes) -> Mask:
    return _mask(pydicom.dcmread(BytesIO(data)).pixel_array.max(axis=0))


def _nifti(data: bytes) -> Mask:
    image = Nifti1Image.from_bytes(gzip.decompress(data))
    return np.asarray(image.dataobj)[:, :, 0].T > 0


# pycocotools' decoder does so with NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
@pytest.mark.parametrize(
    ("format_", "read_back"),
    [
        ("png", _png),
        ("rle", _rle),
        ("polygons", _polygons),
        ("json", _json),
        ("seg", _seg),
        ("nifti", _nifti),
    ],
)
def test_each_format_holds_the_mask(
    pleura: Pleura,
    tmp_path: Path,
    format_: str,
    read_back: Callable[[bytes], Mask],
) -> None:
    (tmp_path / "x.dcm").write_bytes(dicom(picture()))
    assert pleura(tmp_path / "x.dcm", "--out", "-", "--format", format_) == 0
    np.testing.assert_array_equal(read_back(pleura.stdout), truth())


def test_overlay_and_geojson(pleura: Pleura) -> None:
    assert pleura("-", "--out", "-", "--format", "overlay", stdin=encode(picture(side=200))) == 0
    shown = cv2.imdecode(np.frombuffer(pleura.stdout, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (200, 200, 3)
    assert pleura("-", "--out", "-", "--format", "geojson", stdin=encode(picture())) == 0
    (feature,) = json.loads(pleura.stdout)["features"]
    assert (feature["id"], feature["bbox"]) == ("right", [8, 12, 24, 52])


@pytest.mark.parametrize("format_", ["png", "overlay"])
def test_png_text_says_whether_the_mask_is_trusted(pleura: Pleura, format_: str) -> None:
    assert pleura("-", "--out", "-", "--format", format_, stdin=encode(picture())) == 0
    with Image.open(BytesIO(pleura.stdout)) as image:
        text = image.info
    assert text["Pleura-Trusted"] == "false"
    assert text["Pleura-Warnings"] == "one_lung, not_calibrated"
    assert "Only one lung" in text["Warning"]
    assert text["Pleura-Checkpoint"] == "fake"


@pytest.mark.parametrize("format_", ["rle", "geojson"])
def test_json_formats_say_whether_the_mask_is_trusted(pleura: Pleura, format_: str) -> None:
    assert pleura("-", "--out", "-", "--format", format_, stdin=encode(picture())) == 0
    quality = json.loads(pleura.stdout)["quality"]
    assert quality["trusted"] is False
    assert [warning["code"] for warning in quality["warnings"]] == ["one_lung", "not_calibrated"]


def test_nifti_description_says_whether_the_mask_is_trusted(pleura: Pleura) -> None:
    assert pleura("-", "--out", "-", "--format", "nifti", stdin=encode(picture())) == 0
    header = Nifti1Image.from_bytes(gzip.decompress(pleura.stdout)).header
    said = header["descrip"].item().decode()
    assert said == "Pleura-Trusted: false; Pleura-Warnings: one_lung, not_calibrated"


def test_json_document_has_all_fields(pleura: Pleura, tmp_path: Path) -> None:
    (tmp_path / "x.dcm").write_bytes(dicom(picture()))
    assert pleura(tmp_path / "x.dcm", "--out", "-", "--format", "json") == 0
    found = json.loads(pleura.stdout)
    assert found["image"]["spacing_mm"] == [0.5, 0.5]
    assert found["lungs"]["right"]["area_px"] == 16 * 40
    assert found["lungs"]["right"]["area_mm2"] == 16 * 40 / 4
    assert found["lungs"]["left"] is None
    assert "one_lung" in {warning["code"] for warning in found["quality"]["warnings"]}
    assert found["model"]["engine"] == "fake-fp32"
    assert "DOE" not in pleura.stdout.decode() + pleura.stderr


def test_seg_format_rejects_images_other_than_dicom(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    assert pleura(folder, "--out", tmp_path / "out", "--format", "seg") == 1
    assert results(tmp_path / "out", ".seg.dcm") == {"without-suffix"}
    assert pleura.engine.batches == [1], "the network runs for nothing"
    assert "refers to a DICOM image" in pleura.stderr


def test_formats_have_different_suffixes() -> None:
    assert len({format_.suffix for format_ in Format}) == len(Format)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["in", "--out", "-"], "stands for one image"),
        (["-", "--out", "out"], "stands for one image"),
        (["in", "--out", "in"], "use another folder"),
        (["in", "--out", "in/a.png"], "is a file"),
        (["in", "--out", "out", "--shard", "0/4"], "not one of 1/N to N/N"),
        (["in", "--out", "out", "--threshold", "1.5"], "less than or equal to 1"),
        (["in"], "--out"),
    ],
)
def test_invalid_arguments_are_rejected(
    pleura: Pleura,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert pleura(*arguments) == 2
    assert told in " ".join(pleura.stderr.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_folder_without_images_is_reported(pleura: Pleura, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert pleura(tmp_path / "in", "--out", tmp_path / "out") == 1
    assert "There is no image" in pleura.stderr


def test_unwritable_results_end_the_run(pleura: Pleura, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_text("a file where a folder has to be")
    assert pleura(folder, "--out", out) == 1
    assert "cannot be written" in pleura.stderr
    assert "Traceback" not in pleura.stderr


def test_help_is_readable_at_80_columns(pleura: Pleura, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    assert pleura("--help") == 0
    shown = pleura.stdout.decode()
    assert "--format" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_command_module_imports_nothing_heavy() -> None:
    heavy = "{'cv2', 'numpy', 'openvino', 'pydantic', 'torch'}"
    program = f"import sys, bulk.command; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_run_leaves_no_partial_results(tmp_path: Path, number: signal.Signals) -> None:
    for index in range(12):
        path = tmp_path / f"in/{index:02}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode(picture()))
    out = tmp_path / "out"
    arguments = [tmp_path, "segment", tmp_path / "in", "--out", out]
    command = [sys.executable, "-m", "tests.model.segmenting", *map(str, arguments)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ},
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what it starts in the background ignore SIGINT, and so would what these tests start.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    wait_until((tmp_path / "entered").exists)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again to resume" in told
    assert "Traceback" not in told
    kept = list(out.rglob("*.mask.png"))
    assert len(kept) <= 2
    for path in kept:
        np.testing.assert_array_equal(decode(path.read_bytes()), truth())
    (tmp_path / "go").touch()
    assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60).returncode == 0
    assert results(out) == {f"{index:02}.png" for index in range(12)}
    assert not [path.name for path in out.iterdir() if path.name.endswith(".part")]
