"""The data that pass between the stages `prepare`, `run` and `finish` of a segmenter."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .radiograph import Radiograph
from .timing import Timing


@dataclass(frozen=True, slots=True)
class Prepared:
    """A radiograph that is ready for the network.

    Attributes:
        radiograph: The radiograph.
        input: ``(C, S, S)`` float32.
        timing_ms: Of the stages so far.
    """

    radiograph: Radiograph
    input: NDArray[np.float32]
    timing_ms: Timing = field(default_factory=Timing)


class Inferred(NamedTuple):
    """The network's output for one image.

    Attributes:
        probabilities: ``(S, S)`` float32, probability of lung.
        embedding: ``(D,)`` float32, the encoder's features.
        heart: ``(S, S)`` float32, probability of heart; None if the checkpoint has no heart class.
        timing_ms: Of the stages so far.
    """

    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]
    heart: NDArray[np.float32] | None = None
    timing_ms: Timing = Timing()
