"""The reliability plot of each hospital left out of the fit."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.quality import Quality
from training.quality.cases import MIRRORED, UNTOUCHED
from training.quality.figures import Assessed
from training.quality.plots import bin_means, plot_left_out

from .labelled import labelled_example


def assessed(predicted: float, true: float, variant: str) -> Assessed:
    example = labelled_example(true, variant=variant)
    return Assessed(example, Quality(predicted_iou=predicted, trusted=True, warnings=()))


def test_bins_have_number_and_means() -> None:
    means = bin_means(np.array([0.05, 0.92, 0.98, 1.0]), np.array([0.0, 0.7, 0.9, 0.8]))
    assert [one[:2] for one in means] == [(0, 1), (9, 3)]
    assert [one[2] for one in means] == pytest.approx([0.05, 2.9 / 3])
    assert [one[3] for one in means] == pytest.approx([0.0, 0.8])


@pytest.mark.parametrize("hospitals", [2, 3])
def test_plot_has_two_hospitals_side_by_side(hospitals: int, tmp_path: Path) -> None:
    variants = (UNTOUCHED, MIRRORED, "blur")
    many = [assessed(0.9, 0.8, variant) for variant in variants]
    plot_left_out({f"hospital {number}": many for number in range(hospitals)}, tmp_path / "plot.png")
    picture = cv2.imread(str(tmp_path / "plot.png"))
    assert picture is not None
    height, width = picture.shape[:2]
    assert width == 900
    assert (height > 600) == (hospitals > 2)


def test_hospital_without_degraded_images_is_plotted(tmp_path: Path) -> None:
    few = [assessed(0.9, 0.8, UNTOUCHED)]
    plot_left_out({"one": few, "other": few}, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
