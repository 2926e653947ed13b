"""The model card's pictures of what goes wrong."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.quality import Quality, Warning
from model.segmenter import Segmenter
from training.data.datasets import SegmentationDataset
from training.evaluation.failures import BAD_IOU, Failure, draw, worst_images

from ..conftest import Phantoms

pytestmark = pytest.mark.slow


def test_command_draws_phantoms_and_worst_images(learnt: Path, phantoms: Phantoms, tmp_path: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "training.evaluation.failures",
        "--checkpoint",
        learnt / "best.safetensors",
    ]
    ended = subprocess.run(
        [*command, "--data", phantoms.few, "--outlines", phantoms.few, "--out", tmp_path / "new" / "folder"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    for name in ("failures.png", "worst.png", "worst-outlines.png"):
        picture = cv2.imread(str(tmp_path / "new" / "folder" / name))
        assert picture is not None, name
        assert picture.std() > 10, name


def test_bad_images_are_shown_worst_first_without_the_radiograph(learnt: Path, phantoms: Phantoms) -> None:
    segmenter = Segmenter(learnt / "best.safetensors", engine="torch", device="cpu")
    failures = worst_images(segmenter, SegmentationDataset(phantoms.few))
    ious = [
        (failure.truth & failure.prediction).sum() / (failure.truth | failure.prediction).sum()
        for failure in failures
    ]
    assert ious == sorted(ious)
    assert 0 < len(ious) <= 8
    assert max(ious) < BAD_IOU
    assert all(failure.pixels is None for failure in failures)
    (worst,) = worst_images(segmenter, SegmentationDataset(phantoms.few), count=1)
    assert worst.title == failures[0].title


def test_masks_without_lung_can_be_drawn(tmp_path: Path) -> None:
    nothing = np.zeros((40, 60), np.bool_)
    quality = Quality(predicted_iou=None, trusted=False, warnings=(Warning("no_lung", "No lung was found."),))
    draw([Failure("empty", None, nothing, nothing, quality)], tmp_path / "one.png")
    assert cv2.imread(str(tmp_path / "one.png")) is not None


def test_drawing_no_failures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give at least one failure"):
        draw([], tmp_path / "none.png")
