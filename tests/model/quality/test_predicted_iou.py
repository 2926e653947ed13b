import numpy as np
import pytest

from model.quality.features import DISTANCES
from model.quality.ood import OodScores
from model.quality.parameters import Linear
from model.quality.predicted_iou import iou_warnings, logistic, predict_iou


def test_prediction_is_a_logistic_of_a_linear_function() -> None:
    ood = OodScores(np.zeros(3), np.arange(len(DISTANCES), dtype=np.float64), np.ones(8))
    weights = np.zeros(8 + len(DISTANCES))
    weights[0], weights[8 + 2] = -1, 0.25
    predicted = predict_iou(ood, Linear(weights=weights, bias=2.0))
    assert predicted == pytest.approx(1 / (1 + np.exp(-(2 - 1 + 0.5))), abs=1e-4)


@pytest.mark.parametrize("offset", [0, 8])
def test_prediction_is_the_same_wherever_its_numbers_lie_in_memory(offset: int) -> None:
    # A sum of products may differ in its last bit between two addresses; answers are compared exactly.
    count = 8 + len(DISTANCES)
    weights = np.empty(8 * count + 8, np.uint8)[offset : offset + 8 * count].view(np.float64)
    weights[:] = np.random.default_rng(1).normal(size=count)
    ood = OodScores(np.ones(3), np.full(len(DISTANCES), 0.1), np.ones(8))
    predicted = predict_iou(ood, Linear(weights=weights, bias=0.1))
    assert predicted == round(predicted, 4)
    assert predicted == predict_iou(ood, Linear(weights=weights.copy(), bias=0.1))


def test_large_values_do_not_overflow() -> None:
    assert logistic(0) == 0.5
    assert logistic(1e9) == 1
    assert logistic(-1e9) == 0


def test_threshold_itself_is_trusted() -> None:
    assert iou_warnings(0.7, least=0.7) == []
    assert [warning.code for warning in iou_warnings(0.69, least=0.7)] == ["low_confidence"]
