import numpy as np
import pytest

from model.heart import cardiothoracic_ratio, keep_heart, measure_ratio
from model.lungs import Lung


def box(x: int, width: int) -> Lung:
    return Lung(area_px=1, area_mm2=None, box=(x, 0, width, 10), centroid=(0.0, 0.0))


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


def test_distorted_ratio_has_a_remark() -> None:
    heart, right, left = box(40, 45), box(10, 35), box(60, 40)
    assert measure_ratio(heart, right, left, trusted=True, view="PA").remarks == ()
    (remark,) = measure_ratio(heart, right, left, trusted=True, view="AP").remarks
    assert remark.startswith("AP view")
    (remark,) = measure_ratio(heart, box(10, 20), box(50, 50), trusted=True).remarks
    assert "turned" in remark
