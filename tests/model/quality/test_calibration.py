import json

import numpy as np
import pytest

from model.errors import CheckpointError
from model.quality import Calibration

from .calibrations import make_calibration
from .drawings import draw_chest

CALIBRATION = make_calibration([draw_chest(seed) for seed in range(20)], figures={"r": 0.9})


def test_it_survives_json() -> None:
    there = json.loads(json.dumps(CALIBRATION.model_dump(mode="json")))
    back = Calibration.parse(there)
    np.testing.assert_allclose(
        back.familiar.embedding.directions, CALIBRATION.familiar.embedding.directions, rtol=1e-5
    )
    np.testing.assert_allclose(back.kinds.bias, CALIBRATION.kinds.bias)
    assert back.figures == {"r": 0.9}
    assert back.model_dump(mode="json") == there


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"version": None}, {"frontal": None}, {"familiar": {"embedding": 3}}]
)
def test_numbers_of_another_make_are_refused(change: dict[str, object]) -> None:
    numbers = CALIBRATION.model_dump(mode="json") | change
    with pytest.raises(CheckpointError, match="pleura calibrate"):
        Calibration.parse(numbers)


def test_a_damaged_array_is_refused() -> None:
    numbers = json.loads(json.dumps(CALIBRATION.model_dump(mode="json")))
    numbers["familiar"]["whole"]["directions"]["data"] = "AAAA"
    with pytest.raises(CheckpointError):
        Calibration.parse(numbers)
    numbers["familiar"]["whole"]["directions"] = {"type": "object", "shape": [1], "data": ""}
    with pytest.raises(CheckpointError):
        Calibration.parse(numbers)
