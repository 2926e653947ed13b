"""Masks that a network draws for images that have none."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.checkpoint import LUNG_AND_HEART, CheckpointMetadata
from model.engines import EngineOutput
from model.engines.flips import FlipAveraged
from model.preprocessing import Preprocessing
from model.quality import Evidence, Quality
from model.segmenter import Segmenter
from model.writing.png import mask_png
from tests.model.quality.drawings import draw_chest
from tests.model.quality.quality_models import make_quality_model
from training.data.datasets import HEART, IGNORE, SegmentationDataset
from training.errors import DataError
from training.labels.pseudo_labels import LeftOut, PseudoLabel, pseudo_labels, write_pseudo_label

from ..conftest import Phantoms, Pleura, write_pair

SIDE = 64
Teacher = Callable[[NDArray[np.float32]], Segmenter]


def certainty() -> NDArray[np.float32]:
    """Two lungs for sure, each with a rim of two pixels that is not."""
    lung = np.full((SIDE, SIDE), 0.01, np.float32)
    for left in (10, 40):
        lung[14:50, left - 2 : left + 16] = 0.6
        lung[16:48, left : left + 14] = 0.99
    return lung


class Sure:
    """An engine that gives the same probability map for every image."""

    name, device, max_batch, streams = "sure", "cpu", 1, 1

    def __init__(self, lung: NDArray[np.float32]) -> None:
        self._lung = lung

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        return EngineOutput(np.stack([1 - self._lung, self._lung])[None], np.zeros((1, 1), np.float32))


def teacher(lung: NDArray[np.float32]) -> Segmenter:
    metadata = CheckpointMetadata(name="sure", preprocessing=Preprocessing(input_size=SIDE))
    return Segmenter.from_engine(metadata, Sure(lung))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    write_pair(tmp_path / "new", "one", np.full((SIDE, SIDE), 90, np.uint8), np.zeros((SIDE, SIDE), np.bool_))
    return tmp_path / "new" / "images" / "one.png"


def test_uncertain_pixels_are_ignored(image: Path) -> None:
    (label,) = pseudo_labels([teacher(certainty())], [image])
    assert isinstance(label, PseudoLabel)
    lung = certainty()
    assert np.array_equal(label.mask, lung > 0.5)
    assert np.array_equal(label.ignore, (lung > 0.5) & (lung < 0.9))


def test_trust_is_assessed_without_test_time_augmentation(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trust was calibrated for masks without flips: of others it says nothing."""

    def assess(evidence: Evidence, calibration: object, *, as_calibrated: Evidence | None) -> Quality:
        return Quality(predicted_iou=None, trusted=as_calibrated is None and trusted, warnings=())

    monkeypatch.setattr("model.segmenter.assess", assess)
    numbers = make_quality_model([draw_chest(seed) for seed in range(20)]).model_dump(mode="json")
    plain = teacher(certainty())
    metadata = plain.metadata.model_copy(update={"calibration": numbers})
    averaging = Segmenter.from_engine(metadata, FlipAveraged(plain.engine))
    for trusted in (True, False):
        (label,) = pseudo_labels([averaging], [image])
        assert isinstance(label, PseudoLabel) is trusted


def test_speck_removed_by_postprocessing_is_ignored(image: Path) -> None:
    lung = certainty()
    lung[2:5, 2:5] = 0.99
    (label,) = pseudo_labels([teacher(lung)], [image])
    assert isinstance(label, PseudoLabel)
    assert not label.mask[2:5, 2:5].any()
    assert label.ignore[2:5, 2:5].all()


def test_bound_limits_the_mask(image: Path, tmp_path: Path) -> None:
    bound = np.zeros((SIDE, SIDE), np.bool_)
    bound[14:50, 10:60] = True
    (tmp_path / "bounds").mkdir()
    (tmp_path / "bounds" / "one.png").write_bytes(mask_png(bound))
    (label,) = pseudo_labels([teacher(certainty())], [image], within=tmp_path / "bounds")
    assert isinstance(label, PseudoLabel)
    lung = certainty() > 0.5
    assert np.array_equal(label.mask, lung & bound)
    assert not (label.mask | label.ignore)[~bound].any()
    # Between the lungs the bound says lung and the teacher does not: it is not known.
    assert label.ignore[bound & ~lung].all()


def test_image_whose_bound_contradicts_is_left_out(image: Path, tmp_path: Path) -> None:
    bound = np.zeros((SIDE, SIDE), np.bool_)
    bound[:, :30] = True
    (tmp_path / "one.png").write_bytes(mask_png(bound))
    (left_out,) = pseudo_labels([teacher(certainty())], [image], within=tmp_path)
    assert isinstance(left_out, LeftOut)
    assert left_out.image == image
    assert "outside its bound" in left_out.reason


def test_bound_that_is_missing_or_of_another_size_is_reported(image: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no mask in .* Or leave --within out"):
        list(pseudo_labels([teacher(certainty())], [image], within=tmp_path))
    (tmp_path / "one.png").write_bytes(mask_png(np.ones((10, 10), np.bool_)))
    (left_out,) = pseudo_labels([teacher(certainty())], [image], within=tmp_path)
    assert isinstance(left_out, LeftOut)
    assert left_out.reason.startswith("one.png: ")
    assert "make the mask the size of its image" in left_out.reason


def test_all_images_without_a_bound_are_named(image: Path, tmp_path: Path) -> None:
    second = image.with_name("two.png")
    second.write_bytes(image.read_bytes())
    (tmp_path / "one.gif").write_bytes(b"GIF89a")
    with pytest.raises(DataError, match="2 images of") as caught:
        list(pseudo_labels([teacher(certainty())], [image, second], within=tmp_path))
    assert "one.gif is there, but GIF is not read" in str(caught.value)
    assert "one.png, two.png" in str(caught.value)


def test_macos_files_among_bounds_are_skipped(image: Path, tmp_path: Path) -> None:
    bound = np.ones((SIDE, SIDE), np.bool_)
    (tmp_path / "one.png").write_bytes(mask_png(bound))
    (tmp_path / "._one.png").write_bytes(b"\x00\x05\x16\x07")
    (label,) = pseudo_labels([teacher(certainty())], [image], within=tmp_path)
    assert isinstance(label, PseudoLabel)


def test_image_with_one_lung_and_invalid_file_are_left_out(image: Path, tmp_path: Path) -> None:
    lung = certainty()
    lung[:, 32:] = 0.01
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    left_out = list(pseudo_labels([teacher(lung)], [broken, image]))
    assert [item.image for item in left_out if isinstance(item, LeftOut)] == [broken, image]
    assert isinstance(left_out[1], LeftOut)
    assert left_out[1].reason == "not two lungs"


def test_pixels_on_which_teachers_differ_are_ignored(image: Path) -> None:
    other = certainty()
    other[50:54, 42:52] = 0.99
    (label,) = pseudo_labels([teacher(certainty()), teacher(other)], [image])
    assert isinstance(label, PseudoLabel)
    assert label.ignore[50:54, 42:52].all()
    assert 0.9 < label.agreement < 1
    assert not label.ignore[20:40, 12:22].any()


def test_image_on_which_teachers_disagree_is_left_out(image: Path) -> None:
    other = certainty()
    other[14:50, 27:38] = 0.99
    (left_out,) = pseudo_labels([teacher(certainty()), teacher(other)], [image])
    assert isinstance(left_out, LeftOut)
    assert "the teachers agree to IoU 0." in left_out.reason
    assert len(left_out.lungs) == 2


class SureOfTheHeart(Sure):
    """Adds a heart of this many columns."""

    def __init__(self, columns: int) -> None:
        super().__init__(certainty())
        self._heart = np.zeros((SIDE, SIDE), np.float32)
        self._heart[30:50, 26 : 26 + columns] = 0.99

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        heart = np.where(self._lung > 0.5, 0, self._heart)
        background = 1 - self._lung - heart
        return EngineOutput(np.stack([background, self._lung, heart])[None], np.zeros((1, 1), np.float32))


def teacher_of_hearts(columns: int) -> Segmenter:
    metadata = CheckpointMetadata(
        name="sure", num_classes=3, classes=LUNG_AND_HEART, preprocessing=Preprocessing(input_size=SIDE)
    )
    return Segmenter.from_engine(metadata, SureOfTheHeart(columns))


def test_hearts_are_kept_if_teachers_agree(image: Path, tmp_path: Path) -> None:
    (label,) = pseudo_labels([teacher_of_hearts(12), teacher_of_hearts(11)], [image])
    assert isinstance(label, PseudoLabel)
    assert label.heart is not None
    assert label.heart[30:50, 26:37].all()
    assert label.ignore[30:50, 37].all()
    write_pseudo_label(label, tmp_path / "labels")
    _, mask = SegmentationDataset(tmp_path / "labels", hearts=True).load(0)
    assert np.array_equal(mask == HEART, label.heart & ~label.ignore)
    (label,) = pseudo_labels([teacher_of_hearts(12), teacher_of_hearts(8)], [image])
    assert isinstance(label, PseudoLabel)
    assert label.heart is None
    (label,) = pseudo_labels([teacher_of_hearts(12), teacher(certainty())], [image])
    assert isinstance(label, PseudoLabel)
    assert label.heart is None


def test_written_pseudo_labels_are_a_data_set(image: Path, tmp_path: Path) -> None:
    (label,) = pseudo_labels([teacher(certainty())], [image])
    assert isinstance(label, PseudoLabel)
    write_pseudo_label(label, tmp_path / "labels")
    dataset = SegmentationDataset(tmp_path / "labels")
    _, mask = dataset.load(0)
    assert np.array_equal(mask == IGNORE, label.ignore)
    assert np.array_equal(mask == 1, label.mask & ~label.ignore)


@pytest.mark.slow
def test_command_writes_its_results(learnt: Path, phantoms: Phantoms, pleura: Pleura, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    teacher_file = learnt / "best.safetensors"
    command: list[str | Path] = [
        "pseudo-label",
        "--checkpoint",
        teacher_file,
        "--images",
        phantoms.few / "images",
        "--out",
        out,
    ]
    ended = pleura(*command, "--device", "cpu")
    assert ended.code == 0, ended.err
    kept = len(list((out / "images").iterdir())) if out.exists() else 0
    assert ended.out.splitlines()[-1] == f"{out}: {kept} of 8 images"
    assert ended.err.count("left out: ") == 8 - kept
    assert kept > 0
    assert len(SegmentationDataset(out)) == kept
    with (out / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert sum(row["left_out"] == "" for row in rows) == kept
    again = pleura(*command)
    assert again.code == 1
    assert "name a new folder" in again.err
