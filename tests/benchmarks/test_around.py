import numpy as np
import pytest

from benchmarks.around import Recorded, measure
from benchmarks.images import Picture
from model.engines import EngineOutput


def test_every_image_gets_the_recorded_answer() -> None:
    random = np.random.default_rng(0)
    one = EngineOutput(random.random((1, 3, 8, 8), np.float32), random.random((1, 5), np.float32))
    found = Recorded(one)(np.zeros((4, 1, 8, 8), np.float32))
    assert found.probabilities.shape == (4, 3, 8, 8)
    assert found.embedding.shape == (4, 5)
    np.testing.assert_array_equal(found.probabilities[3], one.probabilities[0])


@pytest.mark.slow
def test_services_answer_without_a_network() -> None:
    rate, cpu_ms = measure(2, Picture(512, "png8"), seconds=0)
    assert rate > 0
    assert 0 < cpu_ms < 1000
