"""Fits the quality model's numbers to described images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.quality.feature_vector import FeatureVector
from model.quality.features import DISTANCES, FRONTAL, INVERTED, KINDS, SCALARS
from model.quality.ood import OodScores, compare, scalars
from model.quality.parameters import Kinds, Linear, QualityModel, ReferenceDistribution, Subspace
from model.quality.predicted_iou import iou_features, predict_iou

from .cases import UNTOUCHED
from .examples import Example
from .logistic import fit_logistic, fit_softmax

DIRECTIONS = {"embedding": 24, "whole": 12, "chest": 12, "silhouette": 12}
"""How many directions each subspace has at most."""

SHRINKAGE = 0.1
"""Share of the identity in the correlation of the scalars."""

FRONTAL_WEIGHT = 2.0

STRANGE_RIDGE, KIND_RIDGE, IOU_RIDGE = 30.0, 30.0, 10.0

DOUBTED = 0.02
"""Share of the frontal radiographs that are doubted for their predicted IoU alone."""

LEAST_IOU = (0.6, 0.75)
"""Bounds of the predicted IoU below which a mask is not trusted."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """An example, compared with what is familiar."""

    example: Example
    ood: OodScores


def fit_calibration(examples: Sequence[Example]) -> QualityModel:
    """All numbers: what is familiar from the frontal images, the kinds from these and the negatives, the IoU from the labelled."""
    familiar = fit_familiar(examples)
    seen = [Seen(example, compare(example.description, familiar)) for example in examples]
    predicted_iou = fit_iou(seen)
    return QualityModel(
        reference=familiar,
        frontal=fit_frontal(seen),
        kinds=fit_kinds(seen),
        predicted_iou=predicted_iou,
        trust_threshold=find_least_iou(seen, predicted_iou),
        scalars=SCALARS,
        distances=DISTANCES,
    )


def fit_familiar(examples: Sequence[Example]) -> ReferenceDistribution:
    """Means, spreads and directions of the frontal radiographs."""
    chosen = [
        example.description for example in examples if example.role == "frontal" and example.kind == FRONTAL
    ]
    measures = np.array([scalars(description) for description in chosen])
    mean, deviation = measures.mean(axis=0), measures.std(axis=0) + 1e-6
    standard = np.clip((measures - mean) / deviation, -5, 5)
    correlation = standard.T @ standard / len(standard)
    shrunk = (1 - SHRINKAGE) * correlation + SHRINKAGE * np.eye(len(correlation))

    def subspace(name: str, vector: Callable[[FeatureVector], NDArray[np.float32]]) -> Subspace:
        return fit_subspace(np.array([vector(one) for one in chosen], np.float64), DIRECTIONS[name])

    return ReferenceDistribution(
        scalar_mean=mean.astype(np.float32),
        scalar_deviation=deviation.astype(np.float32),
        scalar_precision=np.linalg.inv(shrunk).astype(np.float32),
        embedding=subspace("embedding", lambda one: one.embedding),
        whole=subspace("whole", lambda one: one.whole),
        chest=subspace("chest", lambda one: one.chest),
        silhouette=subspace("silhouette", lambda one: one.silhouette),
    )


def fit_subspace(vectors: Vector, most: int) -> Subspace:
    """Principal components of ``(N, D)``, at most ``most`` and a quarter of N."""
    mean = vectors.mean(axis=0)
    _, singular, directions = np.linalg.svd(vectors - mean, full_matrices=False)
    count = max(1, min(most, len(vectors) // 4, int((singular > 1e-6 * singular[0]).sum())))
    # What is stored is rounded: the rest of the fit has to see the same numbers.
    kept = directions[:count].astype(np.float16)
    offsets = vectors - mean
    along = offsets @ kept.astype(np.float64).T
    rest = np.maximum((offsets**2).sum(axis=1) - (along**2).sum(axis=1), 0)
    return Subspace(
        mean=mean.astype(np.float32),
        directions=kept,
        scale=(along.std(axis=0) + 1e-6).astype(np.float32),
        rest=float(np.sqrt(rest.mean())),
    )


def fit_frontal(seen: Sequence[Seen]) -> Linear:
    """How strange is too strange: frontal radiographs on one side, every other kind with the same weight on the other.

    The frontal ones have `FRONTAL_WEIGHT` times the weight of all others together: the next hospital's radiographs are stranger than
    those at hand, while masks of what is no chest are mostly doubted for their shape and their predicted IoU already.

    Inverted radiographs take no part: they are recognised by `fit_kinds`.
    """
    chosen = [
        one for one in seen if one.example.role in ("frontal", "negative") and one.example.kind != INVERTED
    ]
    names = np.array(["" if one.example.kind == FRONTAL else _sort(one.example) for one in chosen])
    coefficients, bias = fit_logistic(
        np.array([one.ood.scores for one in chosen]),
        (names == "").astype(np.float64),
        weights=_balanced(names, first=""),
        ridge=STRANGE_RIDGE,
    )
    return Linear(weights=coefficients.astype(np.float32), bias=bias)


def fit_kinds(seen: Sequence[Seen]) -> Kinds:
    """Which kind of image it is, by sight; each kind of `KINDS` weighs the same, and in it each sort."""
    chosen = [one for one in seen if one.example.role in ("frontal", "negative")]
    kinds = np.array([KINDS.index(one.example.kind) for one in chosen])
    sorts = np.array([_sort(one.example) for one in chosen])
    weights = np.empty(len(chosen))
    for kind in np.unique(kinds):
        weights[kinds == kind] = _balanced(sorts[kinds == kind], first=None)
    coefficients, bias = fit_softmax(
        np.array([one.ood.features for one in chosen]),
        np.eye(len(KINDS))[kinds],
        weights=weights * len(chosen) / weights.sum(),
        ridge=KIND_RIDGE,
    )
    return Kinds(names=KINDS, weights=coefficients.astype(np.float16), bias=bias.astype(np.float32))


def fit_iou(seen: Sequence[Seen]) -> Linear:
    """From doubt and strangeness to the IoU of the labelled images, degraded ones included."""
    chosen = [one for one in seen if one.example.iou is not None]
    coefficients, bias = fit_logistic(
        np.array([iou_features(one.ood) for one in chosen]),
        np.array([one.example.iou for one in chosen], np.float64),
        ridge=IOU_RIDGE,
    )
    return Linear(weights=coefficients.astype(np.float32), bias=bias)


def find_least_iou(seen: Sequence[Seen], model: Linear) -> float:
    """The predicted IoU that all but `DOUBTED` of the frontal radiographs reach as they are, within `LEAST_IOU`."""
    predicted = [
        predict_iou(one.ood, model)
        for one in seen
        if one.example.role == "frontal" and one.example.variant == UNTOUCHED
    ]
    low, high = LEAST_IOU
    return round(float(np.clip(np.quantile(predicted, DOUBTED), low, high)), 2)


def _sort(example: Example) -> str:
    return example.variant if example.role == "negative" else example.kind


def _balanced(names: NDArray[np.str_], *, first: str | None) -> Vector:
    """Weights of mean 1: the same sum for each name, but for ``first`` `FRONTAL_WEIGHT` times that of all others together."""
    weights = np.empty(len(names))
    unique = np.unique(names)
    for name in unique:
        among = names == name
        share = FRONTAL_WEIGHT * (len(unique) - 1) if name == first else 1.0
        weights[among] = share / among.sum()
    return np.asarray(weights * len(names) / weights.sum(), np.float64)
