"""What every engine looks like from outside."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class EngineOutput(NamedTuple):
    """Attributes:
    probabilities: ``(B, num_classes, S, S)`` float32, softmax over the classes.
    embedding: ``(B, D)`` float32, what the encoder saw, for `quality`.
    """

    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Engine(Protocol):
    """Runs the network on a batch.

    Attributes:
        name: engine and precision, ``"torch-fp32"`` or ``"openvino-int8"``.
        device: ``"cpu"`` or ``"cuda"``.
        max_batch: the largest batch that pays.
        streams: how many threads may call it at the same time. Where that is more than one, images that
            come one by one, each in a stream of its own, are more a second than in batches.
    """

    @property
    def name(self) -> str:
        """See `Engine`."""

    @property
    def device(self) -> str:
        """See `Engine`."""

    @property
    def max_batch(self) -> int:
        """See `Engine`."""

    @property
    def streams(self) -> int:
        """See `Engine`."""

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        """``(B, C, S, S)`` float32, ``1 <= B <= max_batch``.

        Raises:
            EngineError: the engine failed (out of memory, driver gone).
        """
        ...
