"""Test-time augmentation: averaging over an image and its mirror image, at twice the time."""

import numpy as np
from numpy.typing import NDArray

from .engine import Engine, EngineOutput


class FlipAveraged:
    """An engine that averages another engine's output over each image and its mirror image.

    Attributes:
        plain: The other engine.
    """

    def __init__(self, engine: Engine) -> None:
        self.plain = engine
        self.name = f"{engine.name}, flips averaged"
        self.device = engine.device
        self.max_batch = engine.max_batch
        self.streams = engine.streams

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        """See `Engine`."""
        straight = self.plain(batch)
        mirrored = self.plain(np.ascontiguousarray(batch[..., ::-1]))
        half = np.float32(0.5)
        return EngineOutput(
            half * (straight.probabilities + mirrored.probabilities[..., ::-1]),
            half * (straight.embedding + mirrored.embedding),
        )
