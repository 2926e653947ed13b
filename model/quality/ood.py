"""Out-of-distribution scores: how far an image and its mask are from frontal chest X-rays."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .feature_vector import FeatureVector
from .features import UNCERTAINTY_SCALARS
from .image_features import ImageFeatures
from .mask_features import MaskFeatures
from .parameters import ReferenceDistribution, Subspace

_MAX_Z = 5.0


class OodScores(NamedTuple):
    """A feature vector relative to the reference distribution.

    Attributes:
        features: ``(F,)`` float64: the z-scores of the scalars, the coordinates in each subspace, and
            ``scores``.
        scores: ``(9,)`` float64: out-of-distribution scores, twice the log of each distance; 0 or less is
            usual.
        uncertainty: ``(8,)`` float64: the z-scores of the uncertainty features.
    """

    features: NDArray[np.float64]
    scores: NDArray[np.float64]
    uncertainty: NDArray[np.float64]


def scalars(vector: FeatureVector) -> NDArray[np.float64]:
    """Return the scalar features ``(S,)`` in the order of `SCALARS`, those of uncertainty as logarithms."""
    uncertainty = vector.uncertainty
    logs = [
        np.log(max(1e-3, 1 - uncertainty.soft_iou)),
        np.log(max(1e-3, 1 - uncertainty.inside)),
        np.log(uncertainty.outside + 1e-3),
        np.log(uncertainty.band + 0.1),
        np.log(max(1e-3, 1.001 - uncertainty.stability)),
        uncertainty.worst,
        np.log(uncertainty.dropped + 1e-3),
        np.log1p(uncertainty.pieces),
    ]
    return np.array([*_flat(vector.mask), *_flat(vector.image), *logs])


def compare(vector: FeatureVector, reference: ReferenceDistribution) -> OodScores:
    """Compare a feature vector with the reference distribution.

    Args:
        vector: The features of one image and its mask.
        reference: The distribution of the features of frontal chest X-rays.
    """
    z = (scalars(vector) - reference.scalar_mean) / reference.scalar_deviation
    # The linear models are not calibrated beyond this range.
    z = _clipped(z, -_MAX_Z, _MAX_Z)
    distances = [float(np.sqrt(z @ reference.scalar_precision @ z / z.size))]
    features = [z]
    for subspace, part in (
        (reference.embedding, vector.embedding),
        (reference.whole, vector.whole),
        (reference.chest, vector.chest),
        (reference.silhouette, vector.silhouette),
    ):
        coordinates, residual = project(part, subspace)
        distances += [float(np.sqrt(np.mean(coordinates**2))), residual]
        features.append(_clipped(coordinates, -_MAX_Z, _MAX_Z))
    scores = _clipped(2 * np.log(np.array(distances) + 0.05), -4.0, 6.0)
    return OodScores(np.concatenate([*features, scores]), scores, z[z.size - len(UNCERTAINTY_SCALARS) :])


def project(vector: NDArray[np.float32], subspace: Subspace) -> tuple[NDArray[np.float64], float]:
    """Project a vector onto a subspace.

    Args:
        vector: ``(D,)`` float32.
        subspace: Mean ``(D,)`` and K orthonormal directions.

    Returns:
        The coordinates ``(K,)`` in standard deviations, and the length of the residual relative to its root
        mean square.
    """
    offset = vector - subspace.mean
    along = (subspace.directions @ offset).astype(np.float64)
    # The directions are orthonormal, so the residual's length follows from Pythagoras.
    residual = np.sqrt(max(float(offset @ offset) - float(along @ along), 0.0))
    return along / subspace.scale, residual / max(subspace.rest, 1e-6)


def _clipped(values: NDArray[np.float64], least: float, most: float) -> NDArray[np.float64]:
    """Clip a short vector, without the checks of `numpy.clip`, which take longer than the rest."""
    return np.minimum(np.maximum(values, least), most)


def _flat(measures: MaskFeatures | ImageFeatures) -> list[float]:
    numbers: list[float] = []
    for field in fields(measures):
        value = getattr(measures, field.name)
        numbers += value if isinstance(value, tuple) else [float(value)]
    return numbers
