"""What the bundled checkpoint can do, on real radiographs where they are here, on phantoms everywhere."""

from pathlib import Path

import numpy as np
import pytest

from model.checkpoint import BUNDLED, read_checkpoint, read_metadata
from model.engines import choose_engine
from model.metrics.overlap import overlap
from model.segmenter import Segmenter
from samples.phantom import phantom
from training.data.datasets import SegmentationDataset
from training.evaluation.evaluate import evaluate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def validation(shared_data: Path) -> SegmentationDataset:
    sets = ("montgomery", "shenzhen", "wingspan", "covid_lungs")
    return SegmentationDataset([shared_data / name / "validation" for name in sets])


@pytest.fixture(scope="module")
def ious(
    segmenter: Segmenter, validation: SegmentationDataset
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([case.overlap.iou for case, _ in evaluate(segmenter, validation)])


def test_mean_iou_on_validation_images(ious: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert len(ious) == 113
    assert ious.mean() >= 0.925


def test_engines_agree(
    ious: np.ndarray[tuple[int], np.dtype[np.float64]], segmenter: Segmenter, validation: SegmentationDataset
) -> None:
    """int8 loses at most 0.002 of mean IoU against fp32, and at most 0.06 on any image."""
    assert segmenter.engine.name == "openvino-int8"
    exact = Segmenter.from_engine(
        segmenter.metadata, choose_engine(read_checkpoint(BUNDLED), device="cpu", engine="torch")
    )
    theirs = np.array([case.overlap.iou for case, _ in evaluate(exact, validation)])
    assert ious.mean() >= theirs.mean() - 0.002
    assert (ious - theirs).min() >= -0.06


@pytest.mark.parametrize("seed", range(6))
def test_phantoms_are_segmented(segmenter: Segmenter, seed: int) -> None:
    drawn = phantom(width=512, height=512, seed=seed)
    assert overlap(segmenter(drawn.pixels).mask, drawn.mask).iou >= 0.85


def test_metadata_names_the_origin_of_the_weights() -> None:
    metadata = read_metadata(BUNDLED)
    assert metadata.preprocessing.input_size == 256
    assert metadata.recipe["name"] == "strong"
    # Montgomery and wingspan with their masks, then images with drawn masks: the model card's lineage.
    assert [root["images"] for root in metadata.data["train"]] == [96, 168, 388, 165, 462, 1571, 71, 506]
    assert metadata.encoder_weights == "astra-r50.pt"
    assert metadata.classes == ("background", "lung", "heart")
    assert metadata.calibration is not None


def test_bundled_weights_are_small() -> None:
    assert BUNDLED.stat().st_size <= 64_000_000
