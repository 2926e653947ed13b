"""Whether a mask can be trusted: what a caller is told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Warning:
    """Something about a mask that its user should know: a stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Attributes:
    predicted_iou: IoU with the ground truth that this mask is expected to have; None where the checkpoint was not calibrated, or not for
        the settings that the mask was made with.
    trusted: no warning speaks against the mask.
    warnings: what speaks against it.
    """

    predicted_iou: float | None
    trusted: bool
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a judgement rests on, all at the network's size ``(h, w)``.

    Attributes:
        input: ``(h, w)`` float32, the normalised image.
        probabilities: ``(h, w)`` float32 of lung, before post-processing.
        labels: ``(h, w)`` uint8 after it: 0 background, 1 right lung, 2 left lung.
        embedding: ``(D,)`` float32, what the encoder saw.
        threshold: probability from which a pixel is lung.
    """

    input: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    labels: NDArray[np.uint8]
    embedding: NDArray[np.float32]
    threshold: float
