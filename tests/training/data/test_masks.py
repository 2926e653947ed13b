"""Masks of every make, through the commands."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ..conftest import Phantoms, Pleura, draw

pytestmark = pytest.mark.slow

Maker = Callable[[NDArray[np.uint8]], tuple[str, NDArray[np.uint8]]]


def remade(folder: Path, make: Maker, *, seeds: range = range(100, 103)) -> Path:
    """Phantoms with other mask files: an ending and pixels in place of the masks of 0 and 255."""
    draw(folder, seeds)
    for path in sorted((folder / "masks").iterdir()):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert mask is not None
        suffix, pixels = make(np.where(mask > 0, 255, 0).astype(np.uint8))
        path.unlink()
        assert cv2.imwrite(str(path.with_suffix(suffix)), pixels)
    return folder


def iou_of(line: str) -> float:
    found = re.search(r"mean IoU (\d\.\d+)", line)
    assert found is not None, line
    return float(found[1])


def test_jpeg_masks_give_the_metrics_of_png_masks(pleura: Pleura, tmp_path: Path) -> None:
    plain = draw(tmp_path / "plain", range(100, 103))
    lossy = remade(tmp_path / "lossy", lambda mask: (".jpg", mask))
    expected = pleura("evaluate", "--data", plain, "--baseline", "otsu")
    assert (expected.code, expected.err) == (0, "")
    found = pleura("evaluate", "--data", lossy, "--baseline", "otsu", "--out", tmp_path / "report")
    assert found.code == 0, found.err
    assert iou_of(found.out) == pytest.approx(iou_of(expected.out), abs=0.005)
    (line,) = found.err.splitlines()
    assert line.startswith(f"{lossy / 'masks' / 'phantom-100.jpg'}: The mask is stored with loss")
    assert line.endswith("The same holds for 2 more.")
    report = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "What was assumed about the ground truth" in report
    assert re.search(r"lossy/phantom-10\d\.jpg: The mask is stored with loss", report)
    assert str(tmp_path) not in report
    with (tmp_path / "report" / "cases.csv").open(newline="") as file:
        assert [row["mask_notes"] for row in csv.DictReader(file)] == ["lossy"] * 3


def with_heart(mask: NDArray[np.uint8]) -> tuple[str, NDArray[np.uint8]]:
    values = np.where(mask > 0, 1, 0)
    values[40:56, 28:36] = 3
    return ".png", values.astype(np.uint8)


def test_lung_values_can_be_given(pleura: Pleura, tmp_path: Path) -> None:
    plain = draw(tmp_path / "plain", range(100, 103))
    hearts = remade(tmp_path / "hearts", with_heart)
    joined = pleura("evaluate", "--data", hearts, "--baseline", "otsu")
    assert "several values (1 and 3)" in joined.err
    named = pleura("evaluate", "--data", hearts, "--baseline", "otsu", "--lung-values", "1,2")
    assert (named.code, named.err) == (0, "")
    assert iou_of(named.out) == iou_of(pleura("evaluate", "--data", plain, "--baseline", "otsu").out)
    wrong = pleura("evaluate", "--data", hearts, "--baseline", "otsu", "--lung-values", "one")
    assert wrong.code == 1
    assert wrong.err == "pleura: The lung values one are not whole numbers. Write them as 1 or as 1,2.\n"


def test_macos_files_are_skipped(phantoms: Phantoms, pleura: Pleura, tmp_path: Path) -> None:
    folder = draw(tmp_path / "set", range(100, 102))
    for part in ("images", "masks"):
        (folder / part / "._phantom-100.png").write_bytes(b"\x00\x05\x16\x07" + bytes(200))
        (folder / part / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")
    found = pleura("evaluate", "--data", folder, "--baseline", "otsu")
    assert found.code == 0, found.err
    assert "2 images" in found.out


def test_masks_of_another_size_are_named_before_evaluation(pleura: Pleura, tmp_path: Path) -> None:
    folder = remade(tmp_path / "set", lambda mask: (".png", np.ascontiguousarray(mask[:60])))
    ended = pleura("evaluate", "--data", folder, "--baseline", "otsu", "--out", tmp_path / "out")
    assert ended.code == 1
    assert "3 of 3 images cannot be used" in ended.err
    assert all(f"phantom-{seed}.png is 64 by 60" in ended.err for seed in (100, 101, 102))
    assert "Traceback" not in ended.err


def test_colour_map_is_rejected(pleura: Pleura, tmp_path: Path) -> None:
    folder = remade(
        tmp_path / "set",
        lambda mask: (".png", np.asarray(cv2.applyColorMap(mask, cv2.COLORMAP_VIRIDIS), np.uint8)),
    )
    for command in ("train", "evaluate", "clean"):
        arguments = {
            "train": ("--validation", folder, "--out", tmp_path / "run"),
            "evaluate": ("--baseline", "otsu"),
            "clean": ("--out", tmp_path / "clean"),
        }[command]
        ended = pleura(command, "--data", folder, *arguments)
        assert ended.code == 1
        assert "No pixel of the mask is black" in ended.err


def test_negated_masks_and_shared_images_are_reported_before_training(pleura: Pleura, tmp_path: Path) -> None:
    folder = remade(tmp_path / "set", lambda mask: (".png", 255 - mask), seeds=range(100, 104))
    (tmp_path / "again").symlink_to(folder, target_is_directory=True)
    ended = pleura(
        *("train", "--data", folder, "--validation", tmp_path / "again", "--out", tmp_path / "run"),
        *("--recipe", "paper", "--size", "32", "--epochs", "1", "--device", "cpu"),
    )
    assert ended.code == 0, ended.err
    assert "it looks inverted" in ended.err
    assert "4 of 4 validation images are training images too" in ended.err


def test_run_is_resumed_only_with_the_same_lung_values(pleura: Pleura, tmp_path: Path) -> None:
    learnt = remade(tmp_path / "learnt", with_heart)
    judged = remade(tmp_path / "judged", with_heart, seeds=range(200, 202))
    command: list[str | Path] = [
        *("train", "--data", learnt, "--validation", judged, "--out", tmp_path / "run"),
        *("--recipe", "paper", "--size", "32", "--epochs", "1", "--device", "cpu"),
    ]
    begun = pleura(*command, "--lung-values", "1")
    assert begun.code == 0, begun.err
    assert "several values" not in begun.err
    other = pleura(*command, "--resume")
    assert other.code == 1
    assert "started with other images" in other.err
