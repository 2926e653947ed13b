import numpy as np
import pytest
from numpy.typing import NDArray

from model.engines import EngineOutput
from model.engines.flips import FlipAveraged


class Echo:
    """Calls the input the probability of lung, and its mean the embedding."""

    name, device, max_batch, streams = "echo", "cpu", 4, 1

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        lung = batch[:, 0]
        return EngineOutput(np.stack([1 - lung, lung], axis=1), lung.mean(axis=(1, 2))[:, None])


class LeftOnly(Echo):
    """Sees lung in the image's left half alone."""

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        seen = batch.copy()
        seen[..., batch.shape[-1] // 2 :] = 0
        return super().__call__(seen)


def test_mirror_symmetric_engine_is_unchanged() -> None:
    batch = np.random.default_rng(0).random((3, 1, 8, 8), np.float32)
    averaged, straight = FlipAveraged(Echo())(batch), Echo()(batch)
    assert averaged.probabilities == pytest.approx(straight.probabilities)
    assert averaged.embedding == pytest.approx(straight.embedding)


def test_image_and_mirror_image_are_averaged() -> None:
    output = FlipAveraged(LeftOnly())(np.ones((1, 1, 4, 4), np.float32))
    assert (output.probabilities[0, 1] == 0.5).all()
    assert (output.embedding == 0.5).all()


def test_engine_name_mentions_the_flips() -> None:
    engine = FlipAveraged(Echo())
    assert engine.name == "echo, flips averaged"
    assert (engine.device, engine.max_batch) == ("cpu", 4)
