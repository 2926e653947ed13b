from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.datasets import SegmentationDataset
from training.data.inspection import inspect, warn_of_shared
from training.errors import DataError

from ..conftest import write_pair

GREY = np.full((60, 80), 90, np.uint8)
LUNG = np.zeros((60, 80), np.bool_)
LUNG[10:50, 10:34] = LUNG[10:50, 46:70] = True


def said_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    inspect(SegmentationDataset(folder), description="reading")
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_good_data_gives_no_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pair(tmp_path, "a", GREY, LUNG)
    assert said_of(tmp_path, capsys) == ""


def test_empty_masks_are_counted_and_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stem, mask in (("a", LUNG), ("b [1]", LUNG & False), ("c", LUNG & False)):
        write_pair(tmp_path, stem, GREY, mask)
    assert said_of(tmp_path, capsys) == (
        f"2 of 3 masks are empty, {tmp_path / 'masks' / 'b [1].png'} first: "
        "the network learns that these images show no lungs. If they do, remove image and mask.\n"
    )


def test_last_file_is_inspected(tmp_path: Path) -> None:
    for stem in ("a", "b"):
        write_pair(tmp_path, stem, GREY, LUNG)
    (tmp_path / "masks" / "b.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"b\.png cannot be read"):
        inspect(SegmentationDataset(tmp_path), description="reading")


def test_all_unusable_files_are_named(tmp_path: Path) -> None:
    for stem in "abcd":
        write_pair(tmp_path, stem, GREY, LUNG)
    (tmp_path / "images" / "a.png").write_bytes(b"not a picture")
    for stem in "cd":
        cv2.imwrite(str(tmp_path / "masks" / f"{stem}.png"), LUNG[:40].astype(np.uint8))
    with pytest.raises(DataError) as caught:
        inspect(SegmentationDataset(tmp_path), description="reading")
    said = str(caught.value)
    assert said.startswith("3 of 4 images cannot be used:")
    assert "a.png cannot be read" in said
    assert "c.png is 80 by 40" in said
    assert "d.png is 80 by 40" in said


def test_first_of_many_unusable_files_are_named(tmp_path: Path) -> None:
    for number in range(25):
        write_pair(tmp_path, f"x{number:02}", GREY, LUNG)
        cv2.imwrite(str(tmp_path / "masks" / f"x{number:02}.png"), LUNG[:40].astype(np.uint8))
    with pytest.raises(DataError) as caught:
        inspect(SegmentationDataset(tmp_path), description="reading")
    said = str(caught.value)
    assert "x09.png is 80 by 40" in said
    assert "x10.png" not in said
    assert said.endswith("and 15 more")


def test_image_of_an_unsupported_type_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stem in ("a", "b"):
        write_pair(tmp_path, stem, GREY, LUNG)
    (tmp_path / "images" / "b.png").rename(tmp_path / "images" / "b.heic")
    (tmp_path / "images" / "b.heic").write_bytes(b"\x00\x00\x00\x18ftypheic")
    (tmp_path / "images" / "notes.txt").write_text("drawn by hand")
    assert said_of(tmp_path, capsys) == (
        f"{tmp_path / 'images'}: b.heic is there, but HEIC is not read. "
        "Save as PNG; until then they are skipped.\n"
    )


def negated(mask: NDArray[np.bool_]) -> bytes:
    return encoded(".png", ~mask * 255)


def with_heart(mask: NDArray[np.bool_]) -> bytes:
    values = mask.astype(np.uint8)
    values[20:40, 36:44] = 3
    return encoded(".png", values)


def encoded(kind: str, pixels: NDArray[np.generic]) -> bytes:
    return cv2.imencode(kind, np.asarray(pixels, np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(negated, "it looks inverted", id="inverted"),
        pytest.param(with_heart, "several values (1 and 3)", id="values"),
        pytest.param(lambda mask: encoded(".jpg", mask * 255), "stored with loss", id="jpeg"),
    ],
)
def test_assumption_is_reported_once_for_all_masks(
    make: Callable[[NDArray[np.bool_]], bytes], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stem in "abc":
        write_pair(tmp_path, stem, GREY, LUNG)
        (tmp_path / "masks" / f"{stem}.png").write_bytes(make(LUNG))
    (line,) = said_of(tmp_path, capsys).splitlines()
    assert line.startswith(f"{tmp_path / 'masks' / 'a.png'}: The mask ")
    assert words in line
    assert line.endswith("The same holds for 2 more.")


def shared(learnt: Path, judged: Path, capsys: pytest.CaptureFixture[str]) -> str:
    warn_of_shared(SegmentationDataset(learnt), SegmentationDataset(judged))
    return capsys.readouterr().err


def draw(folder: Path, *seeds: int) -> Path:
    for seed in seeds:
        pixels = np.random.default_rng(seed).integers(0, 256, (60, 80), np.uint8)
        write_pair(folder, f"x{seed}", pixels, LUNG)
    return folder


def test_disjoint_sets_give_no_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shared(draw(tmp_path / "a", 1, 2), draw(tmp_path / "b", 3), capsys) == ""


def test_same_folder_twice_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = draw(tmp_path / "a", 1, 2)
    said = shared(folder, folder, capsys)
    assert said.startswith(
        f"2 of 2 validation images are training images too, {folder / 'images' / 'x1.png'} first"
    )


def test_link_to_the_same_folder_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = draw(tmp_path / "a", 1, 2)
    (tmp_path / "b").symlink_to(folder, target_is_directory=True)
    assert shared(folder, tmp_path / "b", capsys).startswith("2 of 2 ")
    inner = tmp_path / "c"
    inner.mkdir()
    for part in ("images", "masks"):
        (inner / part).symlink_to(folder / part, target_is_directory=True)
    assert shared(folder, inner, capsys).startswith("2 of 2 ")


def test_renamed_copies_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = draw(tmp_path / "a", 1, 2, 3)
    inside = draw(folder / "validation", 7)
    for part in ("images", "masks"):
        (inside / part / "copy.png").write_bytes((folder / part / "x2.png").read_bytes())
    said = shared(folder, inside, capsys)
    assert said.startswith(
        f"1 of 2 validation images are training images too, {inside / 'images' / 'copy.png'}"
    )
