"""How well the quality model does on images that it was not fitted to."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.quality import Quality
from model.quality.assessment import judge
from model.quality.features import FRONTAL
from model.quality.ood import compare
from model.quality.parameters import QualityModel
from model.quality.predicted_iou import predict_iou

from .cases import MIRRORED, UNTOUCHED
from .examples import THRESHOLDS, Example
from .fit import Seen, fit_calibration, fit_familiar, fit_frontal, fit_iou, fit_kinds

FOLDS = 5

GOOD = 0.9
"""IoU from which a mask is called good."""

FLAGGED = 0.04
"""Share of the good masks that may be flagged."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An example and what was said of it by numbers that were fitted without it."""

    example: Example
    quality: Quality


@dataclass(frozen=True, slots=True)
class Trial:
    """Calibration and the figures that speak for it.

    Attributes:
        calibration: fitted to all that is meant for fitting, with the figures in it.
        labelled: the labelled images, each judged by an IoU model that never saw it or a variant of it.
    """

    calibration: QualityModel
    labelled: list[Judged]


def try_calibration(examples: Sequence[Example]) -> Trial:
    """Fits, and judges everything by numbers fitted without it.

    The labelled images are judged by folds over images; held-out images take no part in any fit; each kind of image that is not
    as it should be is judged once by a fit that has not seen its kind at all; and each folder of frontal images by a fit that has not
    seen that folder.
    """
    calibration = fit_calibration(examples)
    labelled = _judge_in_folds(examples, calibration)
    figures = {
        "predicted_iou": _iou_figures(labelled),
        "threshold": _threshold_figures(examples),
        "trusted": _trusted_figures(examples, labelled, calibration),
        "untrusted": _untrusted_figures(examples, calibration),
        "source_left_out": _source_figures(examples),
        "hospital_left_out": _hospital_figures(examples, calibration),
        "images": dict(sorted(Counter(f"{one.role}: {one.variant}" for one in examples).items())),
    }
    return Trial(calibration.model_copy(update={"figures": figures}), labelled)


def validation_figures(labelled: Sequence[Judged]) -> dict[str, Any]:
    """The IoU of the labelled images as they are, after post-processing, at their own size: of all and of each folder."""
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
        "mean_iou": _round(np.mean(ious)) if ious else None,
        "median_iou": _round(np.median(ious)) if ious else None,
    }


def _judge_in_folds(examples: Sequence[Example], calibration: QualityModel) -> list[Judged]:
    labelled = [
        Seen(one, compare(one.description, calibration.reference))
        for one in examples
        if one.role == "labelled"
    ]
    judged = []
    for fold in range(FOLDS):
        inside = [one for one in labelled if zlib.crc32(one.example.group.encode()) % FOLDS != fold]
        outside = [one for one in labelled if zlib.crc32(one.example.group.encode()) % FOLDS == fold]
        if inside and outside:
            numbers = calibration.model_copy(update={"predicted_iou": fit_iou(inside)})
            judged += [Judged(one.example, judge(one.example.description, numbers)) for one in outside]
    return judged


def _iou_figures(labelled: Sequence[Judged]) -> dict[str, Any]:
    predicted, true = pairs(labelled)
    worst = true <= np.quantile(true, 0.1)
    distrusted = np.array([not one.quality.trusted for one in labelled])
    clean = np.array([one.example.variant in (UNTOUCHED, MIRRORED) for one in labelled])
    return {
        "images": len(labelled),
        "correlation": _round(np.corrcoef(predicted, true)[0, 1]),
        "correlation_undegraded": _round(np.corrcoef(predicted[clean], true[clean])[0, 1]),
        "mean_absolute_error": _round(np.abs(predicted - true).mean()),
        "worst_tenth_below": _round(true[worst].max()),
        "worst_tenth_untrusted": _round(distrusted[worst].mean()),
        "below_0.8_untrusted": _share(distrusted[true < 0.8]),
        "trusted_mean_iou": _round(true[~distrusted].mean()) if (~distrusted).any() else None,
        "untrusted_mean_iou": _round(true[distrusted].mean()) if distrusted.any() else None,
    }


def _threshold_figures(examples: Sequence[Example]) -> dict[str, float]:
    curves = np.array([one.curve for one in examples if one.curve])
    means = curves.mean(axis=0) if len(curves) else []
    return {str(cut): _round(mean) for cut, mean in zip(THRESHOLDS, means, strict=False)}


def _trusted_figures(
    examples: Sequence[Example], labelled: Sequence[Judged], calibration: QualityModel
) -> dict[str, Any]:
    good = [
        one
        for one in labelled
        if one.example.variant == UNTOUCHED and one.example.iou is not None and one.example.iou >= GOOD
    ]
    held_out = [
        Judged(one, judge(one.description, calibration))
        for one in examples
        if one.role == "held_out" and one.kind == FRONTAL
    ]
    groups: dict[str, list[Judged]] = {}
    for prefix, many in (("good: ", good), ("held out: ", held_out)):
        for one in many:
            groups.setdefault(prefix + one.example.source, []).append(one)
    return {name: _judgements(many, trusted=True) for name, many in sorted(groups.items())}


def _untrusted_figures(examples: Sequence[Example], calibration: QualityModel) -> dict[str, Any]:
    """For each kind that is not as it should be: judged by the whole fit, and by one without that kind."""
    figures: dict[str, Any] = {}
    whole = [Seen(one, compare(one.description, calibration.reference)) for one in examples]
    sorts: dict[str, Callable[[Example], bool]] = {}
    for one in examples:
        if one.role == "negative":
            sorts[one.variant] = lambda other, name=one.variant: (
                other.role == "negative" and other.variant == name
            )  # type: ignore[misc]
        elif one.kind != FRONTAL:
            sorts[one.kind] = lambda other, name=one.kind: other.kind == name  # type: ignore[misc]
    for name, belongs in sorted(sorts.items()):
        rest = [one for one in whole if not belongs(one.example)]
        without = calibration.model_copy(update={"frontal": fit_frontal(rest), "kinds": fit_kinds(rest)})
        test = [one for one in examples if belongs(one) and one.role in ("held_out", "negative")]
        test = test or [one for one in examples if belongs(one)]
        figures[name] = {
            "seen": _judgements(
                [Judged(one, judge(one.description, calibration)) for one in test], trusted=False
            ),
            "left_out": _judgements(
                [Judged(one, judge(one.description, without)) for one in test], trusted=False
            ),
        }
    return figures


def _source_figures(examples: Sequence[Example]) -> dict[str, Any]:
    """Frontal images of each folder, trusted or not by a fit without that folder; only whether they are frontal is asked."""
    sources = sorted({one.source for one in examples if one.role == "frontal"})
    figures = {}
    for source in sources if len(sources) > 1 else []:
        rest = [one for one in examples if one.source != source or one.role != "frontal"]
        familiar = fit_familiar(rest)
        seen = [Seen(one, compare(one.description, familiar)) for one in rest]
        frontal = fit_frontal(seen)
        test = [
            compare(one.description, familiar)
            for one in examples
            if one.source == source and one.role == "frontal" and one.variant == UNTOUCHED
        ]
        odds = np.array([frontal.weights @ one.scores + frontal.bias for one in test])
        figures[source] = {"images": len(test), "frontal": _round((odds >= 0).mean())}
    return figures


def _hospital_figures(examples: Sequence[Example], calibration: QualityModel) -> dict[str, Any]:
    """Gross errors of each folder of labelled images as they are, by an IoU model that was fitted without the folder.

    ``auc`` is that of the predicted IoU; ``caught`` the share of gross errors below the predicted IoU that flags `FLAGGED` of the folder's
    other masks.
    """
    labelled = [
        Seen(one, compare(one.description, calibration.reference))
        for one in examples
        if one.role == "labelled"
    ]
    sources = sorted({one.example.source for one in labelled})
    figures = {}
    for source in sources if len(sources) > 1 else []:
        model = fit_iou([one for one in labelled if one.example.source != source])
        left_out = [
            one for one in labelled if one.example.source == source and one.example.variant == UNTOUCHED
        ]
        predicted = np.array([predict_iou(one.ood, model) for one in left_out])
        gross = np.array([bool(one.example.gross) for one in left_out])
        true = np.array([one.example.iou for one in left_out], np.float64)
        figures[source] = {
            "images": len(left_out),
            "gross": int(gross.sum()),
            "auc": auc(-predicted, gross),
            "caught": caught(-predicted, gross),
            "correlation": _round(np.corrcoef(predicted, true)[0, 1]) if len(left_out) > 2 else None,
        }
    return figures


def auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """Probability that a positive scores higher than a negative, ties counting half; None without one of either."""
    high, low = scores[positive][:, None], scores[~positive]
    if not high.size or not low.size:
        return None
    return _round(((high > low) + 0.5 * (high == low)).mean())


def caught(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """Share of the positives that score higher than all but `FLAGGED` of the negatives; None without one of either."""
    if not positive.any() or positive.all():
        return None
    return _share(scores[positive] > np.quantile(scores[~positive], 1 - FLAGGED))


def _judgements(judged: Sequence[Judged], *, trusted: bool) -> dict[str, Any]:
    counts = Counter(warning.code for one in judged for warning in one.quality.warnings)
    as_wanted = np.array([one.quality.trusted == trusted for one in judged])
    return {
        "images": len(judged),
        "trusted" if trusted else "untrusted": _share(as_wanted),
        "warnings": dict(counts.most_common()),
    }


def pairs(judged: Iterable[Judged]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Predicted and true IoU of labelled images, each ``(N,)``."""
    both = [(one.quality.predicted_iou, one.example.iou) for one in judged]
    array = np.array(both, np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _share(flags: NDArray[np.bool_]) -> float | None:
    return _round(flags.mean()) if len(flags) else None


def _round(value: float | np.floating) -> float:
    return round(float(value), 4)
