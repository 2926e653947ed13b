"""The interface of engines."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class EngineOutput(NamedTuple):
    """The output for a batch.

    Attributes:
        probabilities: ``(B, num_classes, S, S)`` float32, softmax over the classes.
        embedding: ``(B, D)`` float32, the encoder's features for the quality model.
    """

    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Engine(Protocol):
    """Runs the network on a batch.

    Attributes:
        name: Engine and precision, ``"torch-fp32"`` or ``"openvino-int8"``.
        device: ``"cpu"`` or ``"cuda"``.
        max_batch: The largest useful batch.
        streams: The number of threads that may call the engine at the same time. On a CPU with more than
            one, single images in separate streams give a higher throughput than batches.
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
        """Run the network on ``(B, C, S, S)`` float32, ``1 <= B <= max_batch``.

        Raises:
            EngineError: The engine failed (out of memory, driver failure).
        """
        ...
