"""Cross-validation of the quality model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold

from model.quality.assessment import judge
from model.quality.children import warn_by_image
from model.quality.features import FRONTAL
from model.quality.frontal import frontal_odds
from model.quality.ood import compare
from model.quality.parameters import QualityModel

from .cases import UNTOUCHED
from .examples import Example
from .figures import (
    Assessed,
    auc,
    caught,
    iou_figures,
    pairs,
    rounded,
    share,
    threshold_figures,
    trust_figures,
)
from .fit import Scored, fit_child, fit_distribution, fit_frontal, fit_iou, fit_kinds, fit_quality_model

FOLDS = 5

GOOD = 0.9
"""IoU from which a mask is called good."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A fitted quality model and its cross-validation.

    Attributes:
        calibration: The parameters, fitted to all examples for the fit, with the metrics.
        labelled: The labelled images, each assessed with an IoU model that was fitted without its variants.
        left_out: The labelled images of each folder, assessed with an IoU model that was fitted without this
            folder; empty if there is only one.
    """

    calibration: QualityModel
    labelled: list[Assessed]
    left_out: dict[str, list[Assessed]]


def cross_validate(examples: Sequence[Example]) -> Trial:
    """Fit the quality model, and assess every example with parameters that were fitted without it.

    Labelled images are assessed in folds over images. Held-out images are in no fit. Each kind of wrong
    image is assessed by a fit without this kind, and each folder of frontal images by a fit without
    this folder.
    """
    calibration = fit_quality_model(examples)
    scored = [
        Scored(one, compare(one.features, calibration.reference))
        for one in examples
        if one.role == "labelled"
    ]
    labelled = _judge_in_folds(scored, calibration)
    left_out = _judge_left_out(scored, calibration)
    figures = {
        "predicted_iou": iou_figures(labelled),
        "threshold": threshold_figures(examples),
        "trusted": _trusted_figures(examples, labelled, calibration),
        "untrusted": _untrusted_figures(examples, calibration),
        "children": _child_figures(examples, calibration),
        "source_left_out": _source_figures(examples),
        "hospital_left_out": {
            name: _hospital_figures(many, calibration.trust_threshold) for name, many in left_out.items()
        },
        "images": dict(sorted(Counter(f"{one.role}: {one.variant}" for one in examples).items())),
    }
    return Trial(calibration.model_copy(update={"figures": figures}), labelled, left_out)


def _judge_in_folds(labelled: Sequence[Scored], calibration: QualityModel) -> list[Assessed]:
    groups = [one.example.group for one in labelled]
    folds = min(FOLDS, len(set(groups)))
    judged = []
    for inside, outside in GroupKFold(folds).split(labelled, groups=groups) if folds > 1 else ():
        rest, test = ([labelled[index] for index in part] for part in (inside, outside))
        judged += _judge_without(test, rest, calibration)
    return judged


def _judge_left_out(labelled: Sequence[Scored], calibration: QualityModel) -> dict[str, list[Assessed]]:
    sources = sorted({one.example.source for one in labelled})
    return {
        source: _judge_without(
            [one for one in labelled if one.example.source == source],
            [one for one in labelled if one.example.source != source],
            calibration,
        )
        for source in (sources if len(sources) > 1 else [])
    }


def _judge_without(
    test: Sequence[Scored], rest: Sequence[Scored], calibration: QualityModel
) -> list[Assessed]:
    numbers = calibration.model_copy(update={"predicted_iou": fit_iou(rest)})
    return [Assessed(one.example, judge(one.example.features, numbers)) for one in test]


def _trusted_figures(
    examples: Sequence[Example], labelled: Sequence[Assessed], calibration: QualityModel
) -> dict[str, Any]:
    good = [
        one
        for one in labelled
        if one.example.variant == UNTOUCHED and one.example.iou is not None and one.example.iou >= GOOD
    ]
    held_out = [
        Assessed(one, judge(one.features, calibration))
        for one in examples
        if one.role == "held_out" and one.kind == FRONTAL
    ]
    groups: dict[str, list[Assessed]] = {}
    for prefix, many in (("good: ", good), ("held out: ", held_out)):
        for one in many:
            groups.setdefault(prefix + one.example.source, []).append(one)
    return {name: trust_figures(many, trusted=True) for name, many in sorted(groups.items())}


def _untrusted_figures(examples: Sequence[Example], calibration: QualityModel) -> dict[str, Any]:
    """Return the metrics of each kind of wrong image, with the whole fit and with a fit without that kind.

    ``auc`` is that of the odds of a frontal radiograph, against the held-out ones, without that kind.
    """
    figures: dict[str, Any] = {}
    whole = [Scored(one, compare(one.features, calibration.reference)) for one in examples]
    usual = [one for one in whole if one.example.role == "held_out" and one.example.kind == FRONTAL]
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
        unusual = [one for one in whole if belongs(one.example)]
        unusual = [one for one in unusual if one.example.role in ("held_out", "negative")] or unusual
        test = [one.example for one in unusual]
        figures[name] = {
            "seen": trust_figures(
                [Assessed(one, judge(one.features, calibration)) for one in test], trusted=False
            ),
            "left_out": trust_figures(
                [Assessed(one, judge(one.features, without)) for one in test], trusted=False
            ),
            "auc": auc(
                np.array([-frontal_odds(one.scores, without.frontal) for one in (*unusual, *usual)]),
                np.arange(len(unusual) + len(usual)) < len(unusual),
            ),
        }
    return figures


def _child_figures(examples: Sequence[Example], calibration: QualityModel) -> dict[str, Any]:
    """Return the share of the images of each folder that is taken for a child's, in folds over images."""
    chosen = [
        Scored(one, compare(one.features, calibration.reference))
        for one in examples
        if one.role in ("frontal", "child", "held_out") and one.kind == FRONTAL
    ]
    if not any(one.example.role == "child" for one in chosen):
        return {}
    named: dict[str, list[bool]] = {}
    groups = [one.example.group for one in chosen]
    for inside, outside in GroupKFold(min(FOLDS, len(set(groups)))).split(chosen, groups=groups):
        model = fit_child([chosen[index] for index in inside])
        for one in (chosen[index] for index in outside):
            if one.example.variant == UNTOUCHED:
                flags = named.setdefault(f"{one.example.role}: {one.example.source}", [])
                flags.append(bool(warn_by_image(one.scores, model)))
    return {
        key: {"images": len(flags), "child": rounded(np.mean(flags))} for key, flags in sorted(named.items())
    }


def _source_figures(examples: Sequence[Example]) -> dict[str, Any]:
    """Return the share of frontal images of each folder that a fit without that folder takes for frontal."""
    sources = sorted({one.source for one in examples if one.role == "frontal"})
    figures = {}
    for source in sources if len(sources) > 1 else []:
        rest = [one for one in examples if one.source != source or one.role != "frontal"]
        distribution = fit_distribution(rest)
        frontal = fit_frontal([Scored(one, compare(one.features, distribution)) for one in rest])
        test = [
            compare(one.features, distribution)
            for one in examples
            if one.source == source and one.role == "frontal" and one.variant == UNTOUCHED
        ]
        odds = np.array([frontal_odds(one, frontal) for one in test])
        figures[source] = {"images": len(test), "frontal": rounded((odds >= 0).mean())}
    return figures


def _hospital_figures(left_out: Sequence[Assessed], trust_threshold: float) -> dict[str, Any]:
    """Return how an IoU model that was fitted without a folder detects the gross errors in it.

    ``auc`` is that of the predicted IoU; ``caught`` is the share of the gross errors that are detected
    at the predicted IoU below which `FLAGGED` of the folder's other masks lie; ``gross_below`` and
    ``good_below`` are the shares with and without a gross error below the trust threshold.
    """
    untouched = [one for one in left_out if one.example.variant == UNTOUCHED]
    predicted, true = pairs(untouched)
    gross = np.array([bool(one.example.gross) for one in untouched])
    below = predicted < trust_threshold
    return {
        "images": len(untouched),
        "gross": int(gross.sum()),
        "auc": auc(-predicted, gross),
        "caught": caught(-predicted, gross),
        "gross_below": share(below[gross]),
        "good_below": share(below[~gross]),
        "correlation": rounded(np.corrcoef(predicted, true)[0, 1]) if len(untouched) > 2 else None,
    }
