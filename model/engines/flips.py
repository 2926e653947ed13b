"""Averaging over an image and its mirror image, which costs twice the time."""

import numpy as np
from numpy.typing import NDArray

from .engine import Engine, EngineOutput


class FlipAveraged:
    """An engine that runs another on each image and on its mirror image, and averages what it says of either.

    Attributes:
        plain: the other.
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
