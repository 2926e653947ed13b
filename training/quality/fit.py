"""Fits the parameters of the quality model to examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ShrunkCovariance
from sklearn.decomposition import PCA

from model.quality.children import warn_by_image
from model.quality.feature_vector import FeatureVector
from model.quality.features import DISTANCES, FRONTAL, INVERTED, KINDS, SCALARS
from model.quality.ood import OodScores, compare, scalars
from model.quality.parameters import Kinds, Linear, QualityModel, ReferenceDistribution, Subspace
from model.quality.predicted_iou import iou_features, predict_iou

from .cases import UNTOUCHED
from .examples import Example
from .logistic import fit_logistic, fit_softmax

DIRECTIONS = {"embedding": 24, "whole": 12, "chest": 12, "silhouette": 12}
"""Largest number of principal components of each feature vector."""

SHRINKAGE = 0.1
"""Share of the identity in the shrunk covariance of the standardised scalar features."""

FRONTAL_WEIGHT = 2.0

ADULT_WEIGHT = 4.0
"""Weight of the adults relative to that of the children: few adults may be taken for children."""

STRANGE_RIDGE, KIND_RIDGE, CHILD_RIDGE, IOU_RIDGE = 30.0, 30.0, 30.0, 10.0

REJECTED_SHARE = 0.02
"""Share of the films with a good mask that are not trusted because of their predicted IoU alone."""

TRUST_THRESHOLD_RANGE = (0.6, 0.85)
"""Bounds of the trust threshold, the predicted IoU below which a mask is not trusted."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """An example with its out-of-distribution scores."""

    example: Example
    scores: OodScores


def fit_quality_model(examples: Sequence[Example]) -> QualityModel:
    """Fit all parameters.

    The distribution of the features is fitted to the frontal images, the classifiers to these and the
    negatives, the predicted IoU to the labelled images, the recognition of children to the frontal images
    and those of children.
    """
    distribution = fit_distribution(examples)
    scored = [Scored(example, compare(example.features, distribution)) for example in examples]
    predicted_iou = fit_iou(scored)
    child = fit_child(scored)
    return QualityModel(
        reference=distribution,
        frontal=fit_frontal(scored),
        kinds=fit_kinds(scored),
        predicted_iou=predicted_iou,
        child=child,
        trust_threshold=find_trust_threshold(
            [one for one in scored if not warn_by_image(one.scores, child)], predicted_iou
        ),
        scalars=SCALARS,
        distances=DISTANCES,
    )


def fit_distribution(examples: Sequence[Example]) -> ReferenceDistribution:
    """Fit mean, covariance and principal components of the frontal radiographs' features."""
    chosen = [
        example.features for example in examples if example.role == "frontal" and example.kind == FRONTAL
    ]
    measures = np.array([scalars(description) for description in chosen])
    mean, deviation = measures.mean(axis=0), measures.std(axis=0) + 1e-6
    standard = np.clip((measures - mean) / deviation, -5, 5)
    covariance = ShrunkCovariance(shrinkage=SHRINKAGE, assume_centered=True).fit(standard)

    def subspace(name: str, vector: Callable[[FeatureVector], NDArray[np.float32]]) -> Subspace:
        return fit_subspace(np.array([vector(one) for one in chosen], np.float64), DIRECTIONS[name])

    return ReferenceDistribution(
        scalar_mean=mean.astype(np.float32),
        scalar_deviation=deviation.astype(np.float32),
        scalar_precision=covariance.precision_.astype(np.float32),
        embedding=subspace("embedding", lambda one: one.embedding),
        whole=subspace("whole", lambda one: one.whole),
        chest=subspace("chest", lambda one: one.chest),
        silhouette=subspace("silhouette", lambda one: one.silhouette),
    )


def fit_subspace(vectors: Vector, most: int) -> Subspace:
    """Fit the principal components of vectors.

    Args:
        vectors: ``(N, D)``.
        most: The most components; at most a quarter of N are kept.
    """
    pca = PCA(svd_solver="full").fit(vectors)
    singular = pca.singular_values_
    count = max(1, min(most, len(vectors) // 4, int((singular > 1e-6 * singular[0]).sum())))
    # The stored components are rounded, and the rest of the fit has to use the same values.
    kept = pca.components_[:count].astype(np.float16)
    offsets = vectors - pca.mean_
    along = offsets @ kept.astype(np.float64).T
    rest = np.maximum((offsets**2).sum(axis=1) - (along**2).sum(axis=1), 0)
    return Subspace(
        mean=pca.mean_.astype(np.float32),
        directions=kept,
        scale=(along.std(axis=0) + 1e-6).astype(np.float32),
        rest=float(np.sqrt(rest.mean())),
    )


def fit_frontal(scored: Sequence[Scored]) -> Linear:
    """Fit the frontal / non-frontal classifier on the out-of-distribution scores.

    Negative kinds have equal weight. Frontal radiographs have `FRONTAL_WEIGHT` times the weight of all
    others together: another hospital's radiographs have higher scores than those of the fit, while
    masks of other images are mostly rejected for their shape and their predicted IoU. Inverted
    radiographs are left out, because `fit_kinds` detects them.
    """
    chosen = [
        one for one in scored if one.example.role in ("frontal", "negative") and one.example.kind != INVERTED
    ]
    names = np.array(["" if one.example.kind == FRONTAL else _sort(one.example) for one in chosen])
    coefficients, bias = fit_logistic(
        np.array([one.scores.scores for one in chosen]),
        (names == "").astype(np.float64),
        weights=_balanced(names, first=""),
        ridge=STRANGE_RIDGE,
    )
    return Linear(weights=coefficients.astype(np.float32), bias=bias)


def fit_kinds(scored: Sequence[Scored]) -> Kinds:
    """Fit the classifier of the kinds of image on their features.

    Each kind of `KINDS` has the same weight, and within a kind each variant of the negatives.
    """
    chosen = [one for one in scored if one.example.role in ("frontal", "negative")]
    kinds = np.array([KINDS.index(one.example.kind) for one in chosen])
    sorts = np.array([_sort(one.example) for one in chosen])
    weights = np.empty(len(chosen))
    for kind in np.unique(kinds):
        weights[kinds == kind] = _balanced(sorts[kinds == kind], first=None)
    coefficients, bias = fit_softmax(
        np.array([one.scores.features for one in chosen]),
        kinds,
        classes=len(KINDS),
        weights=weights * len(chosen) / weights.sum(),
        ridge=KIND_RIDGE,
    )
    return Kinds(names=KINDS, weights=coefficients.astype(np.float16), bias=bias.astype(np.float32))


def fit_child(scored: Sequence[Scored]) -> Linear | None:
    """Fit the classifier of children and adults on the features; None without images of children."""
    chosen = [
        one for one in scored if one.example.role in ("frontal", "child") and one.example.kind == FRONTAL
    ]
    names = np.array([one.example.role for one in chosen])
    if "child" not in names:
        return None
    weights = _balanced(names, first=None) * np.where(names == "frontal", ADULT_WEIGHT, 1.0)
    coefficients, bias = fit_logistic(
        np.array([one.scores.features for one in chosen]),
        (names == "child").astype(np.float64),
        weights=weights / weights.mean(),
        ridge=CHILD_RIDGE,
    )
    return Linear(weights=coefficients.astype(np.float32), bias=bias)


def fit_iou(scored: Sequence[Scored]) -> Linear:
    """Fit the predicted IoU of labelled images on uncertainty features and out-of-distribution scores."""
    chosen = [one for one in scored if one.example.iou is not None]
    coefficients, bias = fit_logistic(
        np.array([iou_features(one.scores) for one in chosen]),
        np.array([one.example.iou for one in chosen], np.float64),
        ridge=IOU_RIDGE,
    )
    return Linear(weights=coefficients.astype(np.float32), bias=bias)


def find_trust_threshold(scored: Sequence[Scored], model: Linear) -> float:
    """Return the predicted IoU that all but `REJECTED_SHARE` of the films with a good mask reach.

    The result is limited to `TRUST_THRESHOLD_RANGE`. Without such films it is the lower bound.

    Args:
        scored: The examples; labelled images as they are count, if their masks have no gross error.
        model: The fitted model of the IoU.

    Returns:
        0 to 1, with two decimals.
    """
    predicted = [
        predict_iou(one.scores, model)
        for one in scored
        if one.example.variant == UNTOUCHED and one.example.gross is False
    ]
    low, high = TRUST_THRESHOLD_RANGE
    reached = np.quantile(predicted, REJECTED_SHARE) if predicted else low
    return round(float(np.clip(reached, low, high)), 2)


def _sort(example: Example) -> str:
    return example.variant if example.role == "negative" else example.kind


def _balanced(names: NDArray[np.str_], *, first: str | None) -> Vector:
    """Return weights ``(N,)`` of mean 1 with the same sum for each name.

    ``first`` has `FRONTAL_WEIGHT` times the sum of all others together.
    """
    weights = np.empty(len(names))
    unique = np.unique(names)
    for name in unique:
        among = names == name
        share = FRONTAL_WEIGHT * (len(unique) - 1) if name == first else 1.0
        weights[among] = share / among.sum()
    return np.asarray(weights * len(names) / weights.sum(), np.float64)
