from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from samples.phantom import phantom
from training.data.datasets import IGNORE, NOT_LUNG, SegmentationDataset, lung_in
from training.errors import DataError

GREY = np.arange(40 * 48, dtype=np.uint8).reshape(40, 48)
LUNG = np.zeros((40, 48), np.uint8)
LUNG[5:30, 8:20] = 255


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one image and its mask."""
    folder = tmp_path / "hospital"
    write(folder / "images" / "a.png", GREY)
    write(folder / "masks" / "a.png", LUNG)
    return folder


def write(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


def test_items_are_image_and_mask_tensors(root: Path) -> None:
    dataset = SegmentationDataset(root)
    assert len(dataset) == 1
    x, y = dataset[0]
    assert (x.shape, x.dtype) == ((1, 40, 48), torch.uint8)
    assert (y.shape, y.dtype) == ((40, 48), torch.int64)
    assert torch.equal(x[0], torch.from_numpy(GREY))
    assert torch.equal(y, torch.from_numpy((LUNG > 0).astype(np.int64)))


def test_any_value_but_zero_is_lung(root: Path) -> None:
    write(root / "masks" / "a.png", np.where(LUNG > 0, 1, 0).astype(np.uint8))
    assert int(SegmentationDataset(root)[0][1].sum()) == 25 * 12


def test_a_mask_may_have_a_suffix_and_another_type(root: Path) -> None:
    (root / "masks" / "a.png").unlink()
    write(root / "masks" / "a_mask.tif", LUNG)
    (sample,) = SegmentationDataset(root).samples
    assert sample.stem == "a"
    assert sample.masks == (root / "masks" / "a_mask.tif",)


def test_montgomery_has_a_mask_for_each_lung(tmp_path: Path) -> None:
    left, right = np.zeros_like(LUNG), np.zeros_like(LUNG)
    left[5:10, 30:40], right[5:10, 5:15] = 255, 255
    write(tmp_path / "CXR_png" / "a.png", GREY)
    write(tmp_path / "ManualMask" / "leftMask" / "a.png", left)
    write(tmp_path / "ManualMask" / "rightMask" / "a.png", right)
    _, y = SegmentationDataset(tmp_path)[0]
    assert torch.equal(y, torch.from_numpy(((left | right) > 0).astype(np.int64)))


def test_montgomery_without_one_of_the_two_names_image_and_folder(tmp_path: Path) -> None:
    image = write(tmp_path / "CXR_png" / "a.png", GREY)
    write(tmp_path / "ManualMask" / "leftMask" / "a.png", LUNG)
    (tmp_path / "ManualMask" / "rightMask").mkdir()
    with pytest.raises(DataError, match="add one or remove") as caught:
        SegmentationDataset(tmp_path)
    assert str(image) in str(caught.value)
    assert "rightMask" in str(caught.value)


def test_several_roots_are_read_in_order(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for stem in ("b", "a"):
        write(other / "images" / f"{stem}.png", GREY)
        write(other / "masks" / f"{stem}.png", LUNG)
    dataset = SegmentationDataset([root, other])
    assert [(sample.source, sample.stem) for sample in dataset.samples] == [(0, "a"), (1, "a"), (1, "b")]


def test_files_of_other_types_are_skipped(root: Path) -> None:
    (root / "images" / "Thumbs.db").write_bytes(b"")
    (root / "masks" / "notes.txt").write_text("drawn by hand")
    assert len(SegmentationDataset(root)) == 1


def test_ignored_pixels_are_neither_lung_nor_background(root: Path) -> None:
    doubtful = np.zeros_like(LUNG)
    doubtful[20:35, 8:20] = 255
    write(root / "ignore" / "a.png", doubtful)
    _, mask = SegmentationDataset(root).load(0)
    assert set(mask[20:35, 8:20].ravel()) == {IGNORE}
    assert np.count_nonzero(mask == 1) == 15 * 12
    assert np.count_nonzero(lung_in(mask)) == 15 * 12


def test_more_classes_are_the_values_of_the_mask(root: Path) -> None:
    classes = np.zeros_like(LUNG)
    classes[:10], classes[10:20] = 1, 2
    write(root / "masks" / "a.png", classes)
    _, y = SegmentationDataset(root, num_classes=3)[0]
    assert torch.equal(y, torch.from_numpy(classes.astype(np.int64)))


def test_heart_is_a_class_if_it_has_a_mask(root: Path) -> None:
    heart = np.zeros_like(LUNG)
    heart[8:20, 20:30] = 255
    for stem in "ab":
        write(root / "images" / f"{stem}.png", GREY)
        write(root / "masks" / f"{stem}.png", LUNG)
    write(root / "hearts" / "a.png", heart)
    dataset = SegmentationDataset(root, hearts=True)
    with_heart, without = (dataset.load(index)[1] for index in range(2))
    assert np.array_equal(with_heart == 2, heart > 0)
    assert set(np.unique(with_heart)) == {0, 1, 2}
    assert set(np.unique(without)) == {1, NOT_LUNG}
    assert np.array_equal(lung_in(without), LUNG > 0)
    lungs_alone = SegmentationDataset(root).load(0)[1]
    assert np.array_equal(lungs_alone, LUNG > 0)


def test_a_heart_of_another_size_names_its_file(root: Path) -> None:
    path = write(root / "hearts" / "a.png", np.zeros((10, 10), np.uint8))
    with pytest.raises(DataError, match="make the mask the size of its image") as caught:
        SegmentationDataset(root, hearts=True).load(0)
    assert str(path) in str(caught.value)


def test_mask_with_an_unknown_class_is_named(root: Path) -> None:
    with pytest.raises(
        DataError, match="holds the value 255: save the mask as grey PNG with the classes 0 to 2"
    ) as caught:
        SegmentationDataset(root, num_classes=3).load(0)
    assert str(root / "masks" / "a.png") in str(caught.value)


def unreadable(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize("part", ["images", "masks", "ignore"])
def test_an_unreadable_file_is_named(root: Path, part: str) -> None:
    path = write(root / part / "a.png", LUNG)
    unreadable(path)
    with pytest.raises(DataError, match="cannot be read") as caught:
        SegmentationDataset(root)[0]
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("part", ["masks", "ignore"])
def test_a_mask_of_another_size_is_named_with_both_sizes(root: Path, part: str) -> None:
    path = write(root / part / "a.png", LUNG[:39])
    with pytest.raises(DataError, match=r"is 48 by 39, a\.png is 48 by 40") as caught:
        SegmentationDataset(root)[0]
    assert str(path) in str(caught.value)


def test_an_image_without_mask_is_named(root: Path) -> None:
    image = write(root / "images" / "b.png", GREY)
    with pytest.raises(DataError, match=r"has no mask in .*masks: add one or remove the image") as caught:
        SegmentationDataset(root)
    assert str(image) in str(caught.value)


def test_two_files_of_one_stem_are_named(root: Path) -> None:
    write(root / "images" / "a.jpg", GREY)
    with pytest.raises(DataError, match=r"a\.png and a\.jpg have the same stem: keep one"):
        SegmentationDataset(root)


def without_images(root: Path) -> None:
    (root / "images" / "a.png").unlink()


def without_image_folder(root: Path) -> None:
    (root / "images").rename(root / "pictures")


def without_mask_folder(root: Path) -> None:
    (root / "masks").rename(root / "labels")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_images, "images holds no images: put radiographs there"),
        (without_image_folder, "holds no folder images/: put images/ and masks/ there"),
        (without_mask_folder, "holds no folder masks/: put a mask for each image there"),
    ],
)
def test_incomplete_folder_is_named(root: Path, change: Callable[[Path], None], message: str) -> None:
    change(root)
    with pytest.raises(DataError, match=message) as caught:
        SegmentationDataset(root)
    assert str(root) in str(caught.value)


def test_transform_gets_tv_tensors(root: Path) -> None:
    seen: list[str] = []

    def transform(image: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.extend([type(image).__name__, type(mask).__name__])
        return image[:, :2], mask[:2]

    x, y = SegmentationDataset(root, transform=transform)[0]
    assert seen == ["Image", "Mask"]
    assert (x.shape, y.shape) == ((1, 2, 48), (2, 48))
    assert type(x) is type(y) is torch.Tensor


def test_plain_margins_are_cut_off_image_and_mask(tmp_path: Path) -> None:
    drawn = phantom(width=200, height=160, seed=2)
    margins = ((40, 80), (100, 60))
    write(tmp_path / "images" / "a.png", np.pad(drawn.pixels.astype(np.uint8), margins, constant_values=255))
    write(tmp_path / "masks" / "a.png", np.pad(drawn.mask.astype(np.uint8) * 255, margins))
    x, y = SegmentationDataset(tmp_path)[0]
    assert np.array_equal(x[0].numpy(), drawn.pixels)
    assert torch.equal(y, torch.from_numpy(drawn.mask.astype(np.int64)))
