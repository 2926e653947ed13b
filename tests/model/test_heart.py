from dataclasses import replace

import numpy as np
import pytest

from model.heart import (
    LEAST_EXPECTED_IOU,
    cardiothoracic_ratio,
    expected_iou,
    keep_heart,
    measure_ratio,
)
from model.lungs import Lung


def box(x: int, width: int) -> Lung:
    return Lung(area_px=width * 10, area_mm2=None, box=(x, 0, width, 10), centroid=(x + width / 2, 5.0))


def test_largest_component_is_the_heart_and_its_holes_are_filled() -> None:
    probabilities = np.zeros((40, 40), np.float32)
    probabilities[10:30, 10:30] = 0.9
    probabilities[15:18, 15:18] = 0.2
    probabilities[2:6, 2:6] = 0.8
    probabilities[:, 38] = 0.3
    before = probabilities.copy()
    kept = keep_heart(probabilities, threshold=0.5)
    expected = np.zeros((40, 40), np.bool_)
    expected[10:30, 10:30] = True
    assert np.array_equal(kept >= 0.5, expected)
    assert kept[20, 38] == pytest.approx(0.3)
    assert np.array_equal(probabilities, before)


def test_without_a_heart_nothing_is_kept() -> None:
    assert not (keep_heart(np.full((8, 8), 0.1, np.float32), threshold=0.5) >= 0.5).any()


def test_ratio_is_of_the_widest_parts() -> None:
    assert cardiothoracic_ratio(box(40, 45), box(10, 35), box(60, 40)) == pytest.approx(45 / 90)


@pytest.mark.parametrize("missing", range(3))
def test_there_is_no_ratio_without_heart_and_both_lungs(missing: int) -> None:
    parts: list[Lung | None] = [box(40, 45), box(10, 35), box(60, 40)]
    parts[missing] = None
    assert cardiothoracic_ratio(*parts) is None


def test_ratio_says_why_it_is_missing() -> None:
    heart, right, left = box(40, 45), box(10, 35), box(60, 40)
    assert measure_ratio(heart, right, left, trusted=True).value == pytest.approx(0.5)
    for parts, trusted, word in (
        ((None, right, left), True, "heart"),
        ((heart, None, left), True, "lungs"),
        ((heart, right, left), False, "trusted"),
    ):
        found = measure_ratio(*parts, trusted=trusted)
        assert found.value is None
        assert found.reason is not None
        assert word in found.reason


def test_unsure_outline_and_further_parts_lower_the_expected_iou() -> None:
    probabilities = np.zeros((40, 40), np.float32)
    probabilities[10:30, 10:30] = 1
    kept = keep_heart(probabilities, threshold=0.5) >= 0.5
    assert expected_iou(probabilities, kept) == pytest.approx(1)
    probabilities[10:30, 10:20] = 0.6
    assert expected_iou(probabilities, kept) == pytest.approx(0.8)
    probabilities[0:5, 0:40] = 0.5
    assert expected_iou(probabilities, kept) == pytest.approx(320 / 500)
    assert expected_iou(probabilities, np.zeros_like(kept)) == 0


def test_heart_that_is_unsure_or_misplaced_has_no_ratio() -> None:
    heart, right, left = box(40, 45), box(10, 35), box(60, 40)
    beside, speck, huge = box(70, 45), replace(heart, area_px=50), replace(heart, area_px=1200)
    above = replace(heart, centroid=(62.0, -1.0))
    # The heart comes first: it stays wrong when someone corrects the lungs.
    for trusted in (True, False):
        found = measure_ratio(heart, right, left, trusted=trusted, expected_iou=LEAST_EXPECTED_IOU - 0.01)
        assert (found.value, found.reason) == (None, "The network is not sure of the heart.")
        for wrong in (beside, speck, huge, above):
            found = measure_ratio(wrong, right, left, trusted=trusted)
            assert (found.value, found.reason) == (None, "Size or place of the heart is not plausible.")
    assert measure_ratio(heart, right, left, trusted=True, expected_iou=LEAST_EXPECTED_IOU).reason is None


def test_distorted_ratio_has_a_remark() -> None:
    heart, right, left = box(40, 45), box(10, 35), box(60, 40)
    assert measure_ratio(heart, right, left, trusted=True, view="PA").remarks == ()
    (remark,) = measure_ratio(heart, right, left, trusted=True, view="AP").remarks
    assert remark.startswith("AP view")
    (remark,) = measure_ratio(heart, box(10, 20), box(50, 50), trusted=True).remarks
    assert "turned" in remark
