"""Masks that a network draws for images that have none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.checkpoint import CheckpointMetadata
from model.engines import EngineOutput
from model.preprocessing import Preprocessing
from model.segmenter import Segmenter
from model.writing.png import mask_png
from training.datasets import IGNORE, SegmentationDataset
from training.errors import DataError
from training.pseudo_labels import PseudoLabel, pseudo_labels, write_pseudo_label

from .conftest import Phantoms, Pleura, write_pair

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
    """An engine that gives one probability map, whatever it sees."""

    name, device, max_batch, lanes = "sure", "cpu", 1, 1

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


def test_what_is_not_sure_is_left_out(image: Path) -> None:
    (label,) = pseudo_labels(teacher(certainty()), [image])
    assert isinstance(label, PseudoLabel)
    lung = certainty()
    assert np.array_equal(label.mask, lung > 0.5)
    assert np.array_equal(label.ignore, (lung > 0.5) & (lung < 0.9))


def test_a_speck_that_postprocessing_took_away_is_left_out(image: Path) -> None:
    lung = certainty()
    lung[2:5, 2:5] = 0.99
    (label,) = pseudo_labels(teacher(lung), [image])
    assert isinstance(label, PseudoLabel)
    assert not label.mask[2:5, 2:5].any()
    assert label.ignore[2:5, 2:5].all()


def test_within_a_bound(image: Path, tmp_path: Path) -> None:
    bound = np.zeros((SIDE, SIDE), np.bool_)
    bound[14:50, 10:60] = True
    (tmp_path / "bounds").mkdir()
    (tmp_path / "bounds" / "one.png").write_bytes(mask_png(bound))
    (label,) = pseudo_labels(teacher(certainty()), [image], within=tmp_path / "bounds")
    assert isinstance(label, PseudoLabel)
    lung = certainty() > 0.5
    assert np.array_equal(label.mask, lung & bound)
    assert not (label.mask | label.ignore)[~bound].any()
    # Between the lungs the bound's mask says lung and the teacher does not: nobody knows.
    assert label.ignore[bound & ~lung].all()


def test_a_bound_that_contradicts(image: Path, tmp_path: Path) -> None:
    bound = np.zeros((SIDE, SIDE), np.bool_)
    bound[:, :30] = True
    (tmp_path / "one.png").write_bytes(mask_png(bound))
    (left_out,) = pseudo_labels(teacher(certainty()), [image], within=tmp_path)
    assert not isinstance(left_out, PseudoLabel)
    assert left_out[0] == image
    assert "outside its bound" in left_out[1]


def test_a_bound_that_is_missing_or_of_another_size(image: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no mask"):
        list(pseudo_labels(teacher(certainty()), [image], within=tmp_path))
    (tmp_path / "one.png").write_bytes(mask_png(np.ones((10, 10), np.bool_)))
    with pytest.raises(DataError, match="make the mask the size of its image"):
        list(pseudo_labels(teacher(certainty()), [image], within=tmp_path))


def test_one_lung_and_a_file_that_is_no_image(image: Path, tmp_path: Path) -> None:
    lung = certainty()
    lung[:, 32:] = 0.01
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    left_out = list(pseudo_labels(teacher(lung), [broken, image]))
    assert [item[0] for item in left_out if not isinstance(item, PseudoLabel)] == [broken, image]
    assert left_out[1] == (image, "not two lungs")


def test_written_to_be_trained_on(image: Path, tmp_path: Path) -> None:
    (label,) = pseudo_labels(teacher(certainty()), [image])
    assert isinstance(label, PseudoLabel)
    write_pseudo_label(label, tmp_path / "labels")
    dataset = SegmentationDataset(tmp_path / "labels")
    _, mask = dataset.load(0)
    assert np.array_equal(mask == IGNORE, label.ignore)
    assert np.array_equal(mask == 1, label.mask & ~label.ignore)


def test_the_command(learnt: Path, phantoms: Phantoms, pleura: Pleura, tmp_path: Path) -> None:
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
    again = pleura(*command)
    assert again.code == 1
    assert "name a new folder" in again.err
