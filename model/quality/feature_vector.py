"""The feature vector of an image and its mask, the input of the quality model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .image_features import ImageFeatures, chest_thumbnail, image_thumbnail, measure_image
from .mask_features import MaskFeatures, mask_thumbnail, measure_mask
from .result import Evidence
from .uncertainty import UncertaintyFeatures, measure_uncertainty


@dataclass(frozen=True, slots=True)
class FeatureVector:
    """The features of one image and its mask.

    Attributes:
        mask: Features of the mask's shape.
        uncertainty: Features of the probability map.
        image: Features of the image.
        embedding: ``(D,)`` float32, the network's embedding.
        whole, chest, silhouette: Thumbnails of the image, of the image around the lungs, and of the mask;
            flattened.
    """

    mask: MaskFeatures
    uncertainty: UncertaintyFeatures
    image: ImageFeatures
    embedding: NDArray[np.float32]
    whole: NDArray[np.float32]
    chest: NDArray[np.float32]
    silhouette: NDArray[np.float32]


def extract_features(evidence: Evidence) -> FeatureVector:
    """Extract the features of one image and its mask."""
    return FeatureVector(
        mask=measure_mask(evidence.labels),
        uncertainty=measure_uncertainty(
            evidence.probabilities, evidence.labels, threshold=evidence.threshold
        ),
        image=measure_image(evidence.input, evidence.labels),
        embedding=evidence.embedding,
        whole=image_thumbnail(evidence.input),
        chest=chest_thumbnail(evidence.input, evidence.labels),
        silhouette=mask_thumbnail(evidence.labels),
    )
