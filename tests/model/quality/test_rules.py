import numpy as np
import pytest
from numpy.typing import NDArray

from model.quality.mask_features import measure_mask
from model.quality.rules import shape_warnings

from .drawings import draw_labels


def _codes(labels: NDArray[np.uint8]) -> list[str]:
    return [warning.code for warning in shape_warnings(measure_mask(labels))]


def test_two_good_lungs_have_no_warning() -> None:
    assert _codes(draw_labels()) == []


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (draw_labels(right=None, left=None), "no_lung"),
        (draw_labels(right=None), "one_lung"),
        (draw_labels(left=(44, 32, 4, 8)), "asymmetry"),
        (draw_labels(right=(26, 30, 2, 8), left=(38, 30, 2, 8)), "implausible_area"),
        (draw_labels(right=(15, 32, 15, 31), left=(48, 32, 15, 31)), "implausible_area"),
        (draw_labels(right=(6, 32, 9, 20)), "touches_border"),
    ],
)
def test_each_wrong_shape_has_its_warning(labels: NDArray[np.uint8], code: str) -> None:
    assert code in _codes(labels)


def test_touched_edges_are_named() -> None:
    (warning,) = shape_warnings(measure_mask(draw_labels(right=(14, 20, 9, 22), left=(44, 45, 9, 20))))
    assert "top and bottom edge" in warning.message


def test_no_lung_is_the_only_warning() -> None:
    assert _codes(draw_labels(right=None, left=None)) == ["no_lung"]
