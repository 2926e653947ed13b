"""What of a folder is an image or a mask, and what is said where something is missing."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.data.datasets import SegmentationDataset
from training.data.folders import by_stem, images_in
from training.errors import DataError

from ..conftest import write_pair

GREY = np.full((40, 48), 90, np.uint8)
LUNG = np.zeros((40, 48), np.bool_)
LUNG[5:30, 8:20] = True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with three images and their masks."""
    for stem in ("a", "b", "c"):
        write_pair(tmp_path / "set", stem, GREY, LUNG)
    return tmp_path / "set"


def message(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        SegmentationDataset(root)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["._a.png", "._z.png", ".DS_Store", "Thumbs.db", "thumbs.db", "desktop.ini", "DICOMDIR", "notes.txt"],
)
def test_system_files_are_skipped(root: Path, name: str) -> None:
    for part in ("images", "masks"):
        (root / part / name).write_bytes(b"\x00\x05\x16\x07" + bytes(128) + b"DICM")
    (root / "ignore").mkdir()
    (root / "ignore" / name).write_bytes(b"")
    (root / "__MACOSX" / "images").mkdir(parents=True)
    (root / "images" / "@eaDir").mkdir()
    dataset = SegmentationDataset(root)
    assert [sample.stem for sample in dataset.samples] == ["a", "b", "c"]
    assert all(sample.ignore is None for sample in dataset.samples)
    assert [path.name for path in images_in(root / "images")] == ["a.png", "b.png", "c.png"]


def test_images_without_a_suffix_are_detected_by_content(root: Path) -> None:
    for part in ("images", "masks"):
        (root / part / "a.png").rename(root / part / "1.2.840.1")
        (root / part / "b.png").rename(root / part / "1.2.840.2")
    dataset = SegmentationDataset(root)
    assert [sample.stem for sample in dataset.samples] == ["1.2.840.1", "1.2.840.2", "c"]
    assert dataset.load(0)[1].any()


def test_all_images_without_a_mask_are_named(root: Path) -> None:
    for stem in ("a", "c"):
        (root / "masks" / f"{stem}.png").unlink()
    said = message(root)
    assert f"2 images of {root / 'images'} have no mask in {root / 'masks'}" in said
    assert "(a.png, c.png)" in said


def test_of_many_images_without_a_mask_the_first_are_named(root: Path) -> None:
    for number in range(40):
        cv2.imwrite(str(root / "images" / f"x{number:02}.png"), GREY)
    said = message(root)
    assert said.startswith("40 images of ")
    assert "x00.png, x01.png" in said
    assert "x09.png and 30 more" in said
    assert "x10.png" not in said


def test_images_without_a_mask_are_named_for_each_folder(root: Path, tmp_path: Path) -> None:
    write_pair(tmp_path / "other", "d", GREY, LUNG)
    (tmp_path / "other" / "masks" / "d.png").unlink()
    (root / "masks" / "b.png").unlink()
    with pytest.raises(DataError) as caught:
        SegmentationDataset([root, tmp_path / "other"])
    assert str(root / "images" / "b.png") in str(caught.value)
    assert str(tmp_path / "other" / "images" / "d.png") in str(caught.value)


@pytest.mark.parametrize("name", ["a.gif", "a.HEIC", "a.npy", "a_mask.gif"])
def test_a_mask_of_a_type_that_is_not_read_is_named(root: Path, name: str) -> None:
    (root / "masks" / "a.png").rename(root / "masks" / name)
    (root / "masks" / name).write_bytes(b"GIF89a")
    said = message(root)
    assert "a.png has no mask in" in said
    kind = name.rsplit(".", 1)[-1].upper()
    assert said.endswith(f"{name} is there, but {kind} is not read. Save as PNG.")


def test_images_of_a_type_that_is_not_read_are_named(root: Path) -> None:
    for path in (root / "images").iterdir():
        path.rename(path.with_suffix(".heic"))
        path.with_suffix(".heic").write_bytes(b"\x00\x00\x00\x18ftypheic")
    said = message(root)
    assert "holds no images of a type that is read, but a.heic, b.heic, c.heic" in said


def test_two_files_of_one_stem_are_named(root: Path) -> None:
    (root / "images" / "a.bmp").write_bytes((root / "images" / "a.png").read_bytes())
    with pytest.raises(DataError, match=r"a\.png and a\.bmp have the same stem"):
        by_stem(images_in(root / "images"))
