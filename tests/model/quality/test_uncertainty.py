import numpy as np
import pytest

from model.quality.uncertainty import MOST_DROPPED, measure_uncertainty, uncertainty_warnings


def _map(
    inside: float, outside: float
) -> tuple[
    np.ndarray[tuple[int, int], np.dtype[np.float32]], np.ndarray[tuple[int, int], np.dtype[np.uint8]]
]:
    """A square of 20 by 20 in 64 by 64."""
    probabilities = np.full((64, 64), outside, np.float32)
    probabilities[20:40, 20:40] = inside
    labels = np.zeros((64, 64), np.uint8)
    labels[20:40, 20:40] = 1
    return probabilities, labels


def test_soft_iou_is_exact() -> None:
    certainty = measure_uncertainty(*_map(0.8, 0.1), threshold=0.5)
    outside = 0.1 * (64**2 - 400)
    assert certainty.soft_iou == pytest.approx(320 / (400 + outside), rel=1e-4)
    assert certainty.inside == pytest.approx(0.8, rel=1e-4)
    assert certainty.outside == pytest.approx(outside / 400, rel=1e-4)
    assert certainty.pieces == 1
    assert certainty.dropped == 0


def test_certain_map_has_no_uncertainty() -> None:
    certainty = measure_uncertainty(*_map(1, 0), threshold=0.5)
    assert certainty.soft_iou == 1
    assert (certainty.band, certainty.worst) == (0, 0)
    assert certainty.stability == 1


def test_uncertain_band_is_relative_to_the_outline() -> None:
    probabilities, labels = _map(1, 0)
    probabilities[40:42, 20:40] = 0.3
    certainty = measure_uncertainty(probabilities, labels, threshold=0.5)
    assert certainty.band == pytest.approx(40 / 76)
    assert certainty.stability == pytest.approx(401 / 441)


def test_dropped_components_are_counted() -> None:
    probabilities, labels = _map(1, 0)
    probabilities[50:60, 50:60] = 1
    certainty = measure_uncertainty(probabilities, labels, threshold=0.5)
    assert certainty.dropped == pytest.approx(100 / 400)
    assert certainty.pieces == 2


def test_uncertain_region_is_found_in_a_certain_map() -> None:
    probabilities, labels = _map(1, 0)
    probabilities[24:32, 24:32] = 0.5
    assert measure_uncertainty(probabilities, labels, threshold=0.4).worst == pytest.approx(1)


def test_empty_map_has_features() -> None:
    certainty = measure_uncertainty(
        np.zeros((64, 64), np.float32), np.zeros((64, 64), np.uint8), threshold=0.5
    )
    assert certainty.soft_iou == 0
    assert certainty.pieces == 0


@pytest.mark.parametrize(("beside", "codes"), [(4, []), (6, ["more_than_two_lungs"])])
def test_dropped_share_above_the_limit_has_a_warning(beside: int, codes: list[str]) -> None:
    probabilities, labels = _map(1, 0)
    probabilities[50 : 50 + beside, 20:40] = 1
    certainty = measure_uncertainty(probabilities, labels, threshold=0.5)
    assert (certainty.dropped > MOST_DROPPED) == bool(codes)
    warnings = uncertainty_warnings(certainty)
    assert [warning.code for warning in warnings] == codes
    assert all("30% of their area" in warning.message for warning in warnings)
