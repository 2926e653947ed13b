from pathlib import Path

import numpy as np
import pytest

from model.metrics.overlap import overlap
from samples.phantom import phantom
from training.evaluation.baselines import Baseline, ThresholdEngine, baseline_segmenter

from ..conftest import Phantoms, Pleura


def drawing() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Black air, a grey body, two dark lungs that do not reach the edge."""
    pixels = np.zeros((128, 128), np.uint8)
    pixels[:, 10:118] = 200
    pixels[30:100, 25:55] = 60
    pixels[30:100, 73:103] = 60
    return pixels


@pytest.mark.parametrize("baseline", ["otsu", "adaptive"])
def test_dark_regions_are_lung_unless_they_reach_the_edge(baseline: Baseline) -> None:
    pixels = drawing()
    mask = baseline_segmenter(baseline)(pixels).mask
    assert overlap(mask, pixels == 60).iou > 0.9
    assert not mask[pixels == 0].any()


@pytest.mark.parametrize("baseline", ["otsu", "adaptive"])
def test_batch_gives_the_masks_of_its_images(baseline: Baseline) -> None:
    batch = np.stack([phantom(width=64, height=64, seed=seed).pixels for seed in range(2)])[:, None].astype(
        np.float32
    )
    engine = ThresholdEngine(baseline)
    probabilities, embedding = engine(batch)
    assert probabilities.shape == (2, 2, 64, 64)
    assert embedding.shape[0] == 2
    assert np.array_equal(probabilities.sum(axis=1), np.ones((2, 64, 64)))
    for number in range(2):
        assert np.array_equal(engine(batch[number : number + 1]).probabilities[0], probabilities[number])


@pytest.mark.parametrize("baseline", ["otsu", "adaptive"])
def test_flat_image_has_no_lungs(baseline: Baseline) -> None:
    assert not baseline_segmenter(baseline)(np.full((64, 64), 90, np.uint8)).mask.any()


@pytest.mark.slow
def test_baseline_is_evaluated_like_a_checkpoint(pleura: Pleura, phantoms: Phantoms, tmp_path: Path) -> None:
    ended = pleura("evaluate", "--data", phantoms.fewer, "--baseline", "otsu", "--out", tmp_path)
    assert ended.code == 0, ended.err
    assert "2 images, mean IoU" in ended.out
    assert "otsu-threshold" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_baseline_with_a_checkpoint_is_rejected(pleura: Pleura, phantoms: Phantoms) -> None:
    ended = pleura(
        "evaluate", "--data", phantoms.fewer, "--baseline", "otsu", "--checkpoint", "x.safetensors"
    )
    assert ended.code == 1
    assert ended.err == "pleura: A baseline has no checkpoint: give --baseline or --checkpoint.\n"
