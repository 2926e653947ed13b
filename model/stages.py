"""The data that pass between the stages `prepare`, `run` and `finish` of a segmenter."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .radiograph import Radiograph


@dataclass(frozen=True, slots=True)
class Prepared:
    """A radiograph that is ready for the network: ``input`` is ``(C, S, S)`` float32."""

    radiograph: Radiograph
    input: NDArray[np.float32]
    decode_ms: float


class Inferred(NamedTuple):
    """The network's output for one image.

    Attributes:
        probabilities: ``(S, S)`` float32, probability of lung.
        embedding: ``(D,)`` float32, the encoder's features.
        inference_ms: Milliseconds for the whole batch.
        heart: ``(S, S)`` float32, probability of heart; None if the checkpoint has no heart class.
    """

    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]
    inference_ms: float
    heart: NDArray[np.float32] | None = None
