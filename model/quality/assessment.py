"""The judgement itself: everything that speaks for and against a mask."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .feature_vector import Description, describe
from .frontal import frontal_warnings
from .ood import compare
from .parameters import Calibration
from .predicted_iou import iou_warnings, predict_iou
from .result import Evidence, Quality, Warning
from .rules import shape_warnings
from .uncertainty import certainty_warnings

REMARKS = frozenset({"touches_border", "mirrored", "sides_uncertain"})
"""Warnings that do not speak against a mask: what is in the image may be segmented well."""

_NOT_CALIBRATED = Warning(
    "not_calibrated",
    "The checkpoint was not calibrated, so nothing is known of this mask: run `pleura calibrate`.",
)

_OTHER_SETTINGS = Warning(
    "other_settings",
    "The mask was made with another threshold, without post-processing or with flips, for which its quality was not calibrated: leave "
    "these settings out for a mask that is judged, or look at it before use.",
)


def assess(
    evidence: Evidence,
    calibration: Calibration | dict[str, Any] | None,
    *,
    as_calibrated: Evidence | None = None,
) -> Quality:
    """Judge a mask; takes about two milliseconds.

    Args:
        evidence: the mask and what it was made from.
        calibration: of the checkpoint that made it, or its numbers as the metadata carry them. None: only the shape is
            judged, and nothing is trusted.
        as_calibrated: the same image with the settings that the calibration was fitted at, where the mask was made with others. The
            mask's IoU is then not predicted, and it is not trusted; what kind of image it is can still be told.

    Raises:
        CheckpointError: the numbers cannot be read.
    """
    if calibration is not None and not isinstance(calibration, Calibration):
        calibration = Calibration.parse(calibration)
    return judge(
        describe(evidence),
        calibration,
        as_calibrated=None if as_calibrated is None else describe(as_calibrated),
    )


def judge(
    description: Description, calibration: Calibration | None, *, as_calibrated: Description | None = None
) -> Quality:
    """Judge what was described; see `assess`."""
    warnings = shape_warnings(description.outline)
    if description.outline.lungs:
        warnings += certainty_warnings(description.certainty)
    if calibration is None:
        return Quality(predicted_iou=None, trusted=False, warnings=(*warnings, _NOT_CALIBRATED))
    familiarity = compare(description if as_calibrated is None else as_calibrated, calibration.familiar)
    warnings += frontal_warnings(familiarity, calibration)
    if as_calibrated is not None:
        return Quality(predicted_iou=None, trusted=False, warnings=(*warnings, _OTHER_SETTINGS))
    predicted = predict_iou(familiarity, calibration.predicted_iou) if description.outline.lungs else 0.0
    warnings += iou_warnings(predicted, least=calibration.least_iou)
    trusted = all(warning.code in REMARKS for warning in warnings)
    return Quality(predicted_iou=predicted, trusted=trusted, warnings=tuple(warnings))


def warn(quality: Quality, warnings: Iterable[Warning]) -> Quality:
    """Add warnings, which may cost the trust."""
    added = tuple(warnings)
    trusted = quality.trusted and all(warning.code in REMARKS for warning in added)
    return replace(quality, trusted=trusted, warnings=(*quality.warnings, *added))
