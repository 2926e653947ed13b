"""A small calibration, made by hand: nothing is fitted in the tests of `model`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from model.quality import Calibration, Evidence
from model.quality.feature_vector import describe
from model.quality.features import DISTANCES, KINDS, SCALARS
from model.quality.ood import compare, scalars
from model.quality.parameters import Familiar, Kinds, Linear, Subspace


def make_calibration(chests: Sequence[Evidence], **changes: Any) -> Calibration:
    """Familiar with ``chests``; takes for frontal what is less than twice as strange as they are, and for an IoU of 0.98 each."""
    described = [describe(one) for one in chests]
    measures = np.array([scalars(one) for one in described])
    familiar = Familiar(
        scalar_mean=measures.mean(axis=0),
        scalar_deviation=measures.std(axis=0) + 0.05,
        scalar_precision=np.eye(measures.shape[1]),
        embedding=_about(np.array([one.embedding for one in described])),
        whole=_about(np.array([one.whole for one in described])),
        chest=_about(np.array([one.chest for one in described])),
        silhouette=_about(np.array([one.silhouette for one in described])),
    )
    features = compare(described[0], familiar).features.size
    numbers: dict[str, Any] = {
        "familiar": familiar,
        "frontal": Linear(weights=-np.eye(len(DISTANCES))[0], bias=2 * np.log(2)),
        "kinds": Kinds(
            names=KINDS, weights=np.zeros((len(KINDS), features)), bias=np.array([9.0, 0, 0, 0, 0])
        ),
        "predicted_iou": Linear(weights=np.zeros(8 + len(DISTANCES)), bias=4.0),
        "least_iou": 0.7,
        "scalars": SCALARS,
        "distances": DISTANCES,
    }
    return Calibration(**(numbers | changes))


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
