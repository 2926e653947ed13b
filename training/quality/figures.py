"""Metrics of the quality model, on images that it was not fitted to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.quality import Quality

from .cases import MIRRORED, UNTOUCHED
from .examples import THRESHOLDS, Example

FLAGGED = 0.04
"""Share of the masks without a gross error that may be flagged."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """An example, and its assessment by parameters that were fitted without it.

    Attributes:
        example: The features of an image and its mask, and what is known about them.
        quality: The assessment.
    """

    example: Example
    quality: Quality


def validation_figures(labelled: Sequence[Assessed]) -> dict[str, Any]:
    """Return the IoU of the labelled images as they are, at native size: of all and of each folder."""
    untouched = [one.example for one in labelled if one.example.variant == UNTOUCHED]
    folders: dict[str, list[float]] = {}
    for example in untouched:
        if example.iou is not None:
            folders.setdefault(example.source, []).append(example.iou)
    everything = [iou for many in folders.values() for iou in many]
    return {
        "all": _average(everything),
        "folders": {name: _average(many) for name, many in sorted(folders.items())},
    }


def _average(ious: Sequence[float]) -> dict[str, Any]:
    return {
        "images": len(ious),
        "mean_iou": rounded(np.mean(ious)) if ious else None,
        "median_iou": rounded(np.median(ious)) if ious else None,
    }


def iou_figures(labelled: Sequence[Assessed]) -> dict[str, Any]:
    """Return the metrics of the predicted IoU of labelled images."""
    predicted, true = pairs(labelled)
    worst = true <= np.quantile(true, 0.1)
    distrusted = np.array([not one.quality.trusted for one in labelled])
    clean = np.array([one.example.variant in (UNTOUCHED, MIRRORED) for one in labelled])
    return {
        "images": len(labelled),
        "correlation": rounded(np.corrcoef(predicted, true)[0, 1]),
        "correlation_undegraded": rounded(np.corrcoef(predicted[clean], true[clean])[0, 1]),
        "mean_absolute_error": rounded(np.abs(predicted - true).mean()),
        "worst_tenth_below": rounded(true[worst].max()),
        "worst_tenth_untrusted": rounded(distrusted[worst].mean()),
        "below_0.8_untrusted": share(distrusted[true < 0.8]),
        "trusted_mean_iou": rounded(true[~distrusted].mean()) if (~distrusted).any() else None,
        "untrusted_mean_iou": rounded(true[distrusted].mean()) if distrusted.any() else None,
    }


def threshold_figures(examples: Sequence[Example]) -> dict[str, float]:
    """Return the mean IoU at each of `THRESHOLDS`."""
    curves = np.array([one.curve for one in examples if one.curve])
    means = curves.mean(axis=0) if len(curves) else []
    return {str(cut): rounded(mean) for cut, mean in zip(THRESHOLDS, means, strict=False)}


def trust_figures(assessed: Sequence[Assessed], *, trusted: bool) -> dict[str, Any]:
    """Return the number of images, the share that is trusted or not, and the number of each warning.

    Args:
        assessed: At least one.
        trusted: Whether the share of trusted masks is wanted; else that of the others.
    """
    counts = Counter(warning.code for one in assessed for warning in one.quality.warnings)
    as_wanted = np.array([one.quality.trusted == trusted for one in assessed])
    return {
        "images": len(assessed),
        "trusted" if trusted else "untrusted": share(as_wanted),
        "warnings": dict(counts.most_common()),
    }


def auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """Return the area under the ROC curve; None without a positive or without a negative.

    That is the probability that a positive scores higher than a negative, with ties counting half.

    Args:
        scores: ``(n,)`` float64.
        positive: ``(n,)`` bool.

    Returns:
        0 to 1, rounded.
    """
    high, low = scores[positive][:, None], scores[~positive]
    if not high.size or not low.size:
        return None
    return rounded(((high > low) + 0.5 * (high == low)).mean())


def caught(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """Return the share of positives above all but `FLAGGED` of the negatives; None without either.

    Args:
        scores: ``(n,)`` float64, higher for positives.
        positive: ``(n,)`` bool.

    Returns:
        0 to 1, rounded.
    """
    if not positive.any() or positive.all():
        return None
    return share(scores[positive] > np.quantile(scores[~positive], 1 - FLAGGED))


def pairs(assessed: Iterable[Assessed]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return predicted and true IoU of labelled images, each ``(N,)``."""
    both = [(one.quality.predicted_iou, one.example.iou) for one in assessed]
    array = np.array(both, np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def share(flags: NDArray[np.bool_]) -> float | None:
    """Return the share of flags ``(n,)`` that are set, rounded; None if there are none."""
    return rounded(flags.mean()) if len(flags) else None


def rounded(value: float | np.floating) -> float:
    """Return a metric rounded to four decimals."""
    return round(float(value), 4)
