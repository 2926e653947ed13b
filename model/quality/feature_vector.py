"""Everything that the calibrated judgements look at, worked out once from the evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .image_features import Appearance, chest_picture, measure_appearance, whole_picture
from .mask_features import Outline, measure_outline, outline_picture
from .result import Evidence
from .uncertainty import Certainty, measure_certainty


@dataclass(frozen=True, slots=True)
class Description:
    """What is seen in one image and its mask.

    Attributes:
        outline: the mask as a shape.
        certainty: what the probabilities say of it.
        appearance: what the image says of it.
        embedding: ``(D,)`` float32 of the network.
        whole, chest, silhouette: little pictures of the image, of the image about the lungs, and of the mask; flattened.
    """

    outline: Outline
    certainty: Certainty
    appearance: Appearance
    embedding: NDArray[np.float32]
    whole: NDArray[np.float32]
    chest: NDArray[np.float32]
    silhouette: NDArray[np.float32]


def describe(evidence: Evidence) -> Description:
    """Describes one image and its mask."""
    return Description(
        outline=measure_outline(evidence.labels),
        certainty=measure_certainty(evidence.probabilities, evidence.labels, threshold=evidence.threshold),
        appearance=measure_appearance(evidence.input, evidence.labels),
        embedding=evidence.embedding,
        whole=whole_picture(evidence.input),
        chest=chest_picture(evidence.input, evidence.labels),
        silhouette=outline_picture(evidence.labels),
    )
