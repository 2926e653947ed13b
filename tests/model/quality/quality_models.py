"""A small quality model, made by hand: the tests of `model` fit nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from model.quality import Evidence, QualityModel
from model.quality.feature_vector import extract_features
from model.quality.features import DISTANCES, KINDS, SCALARS
from model.quality.ood import compare, scalars
from model.quality.parameters import Kinds, Linear, ReferenceDistribution, Subspace


def make_quality_model(chests: Sequence[Evidence], **changes: Any) -> QualityModel:
    """A quality model whose reference are ``chests``.

    Images are frontal up to twice their distance, and the predicted IoU is always 0.98.
    """
    described = [extract_features(one) for one in chests]
    measures = np.array([scalars(one) for one in described])
    reference = ReferenceDistribution(
        scalar_mean=measures.mean(axis=0),
        scalar_deviation=measures.std(axis=0) + 0.05,
        scalar_precision=np.eye(measures.shape[1]),
        embedding=_about(np.array([one.embedding for one in described])),
        whole=_about(np.array([one.whole for one in described])),
        chest=_about(np.array([one.chest for one in described])),
        silhouette=_about(np.array([one.silhouette for one in described])),
    )
    features = compare(described[0], reference).features.size
    numbers: dict[str, Any] = {
        "reference": reference,
        "frontal": Linear(weights=-np.eye(len(DISTANCES))[0], bias=2 * np.log(2)),
        "kinds": Kinds(
            names=KINDS, weights=np.zeros((len(KINDS), features)), bias=np.array([9.0, 0, 0, 0, 0])
        ),
        "predicted_iou": Linear(weights=np.zeros(8 + len(DISTANCES)), bias=4.0),
        "trust_threshold": 0.7,
        "scalars": SCALARS,
        "distances": DISTANCES,
    }
    return QualityModel(**(numbers | changes))


def _about(vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Subspace:
    mean = vectors.mean(axis=0)
    kept = np.linalg.svd(vectors - mean, full_matrices=False).Vh[:3]
    along = (vectors - mean) @ kept.T
    rest = vectors - mean - along @ kept
    return Subspace(
        mean=mean,
        directions=kept,
        scale=along.std(axis=0) + 1e-6,
        rest=float(np.sqrt((rest**2).sum(axis=1).mean())),
    )
