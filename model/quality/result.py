"""The input and the result of the assessment of a mask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Warning:
    """A warning about a mask.

    Attributes:
        code: Stable, for programs.
        message: A sentence for people: what is wrong, then what to do.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The quality of a mask.

    Attributes:
        predicted_iou: Expected IoU with the ground truth; None if the checkpoint has no quality model, or
            none for the settings of this mask.
        trusted: Whether the mask can be used without a check.
        warnings: Reasons to doubt the mask, and remarks.
    """

    predicted_iou: float | None
    trusted: bool
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The input of the assessment, at the network's size ``(h, w)``.

    Attributes:
        input: ``(h, w)`` float32, the normalised image.
        probabilities: ``(h, w)`` float32, probability of lung before post-processing.
        labels: ``(h, w)`` uint8 after post-processing: 0 background, 1 right lung, 2 left lung.
        embedding: ``(D,)`` float32, the encoder's features.
        threshold: Probability from which a pixel is lung.
    """

    input: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    labels: NDArray[np.uint8]
    embedding: NDArray[np.float32]
    threshold: float
