"""The assessment of a mask: predicted IoU, warnings and trust."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .children import warn_by_age, warn_by_image
from .doubt import least_sure_place
from .feature_vector import FeatureVector, extract_features
from .frontal import frontal_warnings
from .ood import compare
from .parameters import QualityModel
from .predicted_iou import iou_warnings, predict_iou
from .result import Evidence, Quality, Warning
from .rules import shape_warnings
from .uncertainty import uncertainty_warnings

REMARKS = frozenset({"touches_border", "mirrored", "sides_uncertain"})
"""Warnings that leave a mask trusted: the lungs in the image may be segmented well."""

_NOT_CALIBRATED = Warning(
    "not_calibrated",
    "The checkpoint has no quality model, so the quality of this mask is unknown. Run `pleura calibrate`.",
)

_OTHER_SETTINGS = Warning(
    "other_settings",
    "The mask was made with another threshold, without post-processing or with flips, to which the quality "
    "model was not fitted. Omit these settings, or check the mask before use.",
)


def assess(
    evidence: Evidence,
    quality_model: QualityModel | dict[str, Any] | None,
    *,
    as_calibrated: Evidence | None = None,
) -> Quality:
    """Assess a mask. This takes about two milliseconds.

    Args:
        evidence: The mask, the probabilities and the image.
        quality_model: The checkpoint's quality model, or its parameters as in the metadata. None: only the
            mask's shape is assessed, and the mask is not trusted.
        as_calibrated: The same image with the settings that the quality model was fitted to, if the mask was
            made with others. The mask's IoU is then not predicted, and the mask is not trusted; the kind of
            image is still recognised.

    Raises:
        CheckpointError: The parameters cannot be read.
    """
    if quality_model is not None and not isinstance(quality_model, QualityModel):
        quality_model = QualityModel.parse(quality_model)
    quality = judge(
        extract_features(evidence),
        quality_model,
        as_calibrated=None if as_calibrated is None else extract_features(as_calibrated),
    )
    return replace(quality, warnings=tuple(_with_place(warning, evidence) for warning in quality.warnings))


def judge(
    vector: FeatureVector, quality_model: QualityModel | None, *, as_calibrated: FeatureVector | None = None
) -> Quality:
    """Assess a feature vector; see `assess`.

    Args:
        vector: The features of the mask as it was made.
        quality_model: The checkpoint's quality model; None: only the mask's shape is assessed.
        as_calibrated: The features with the settings that the quality model was fitted to, if the mask was
            made with others; None: they are the same.
    """
    warnings = shape_warnings(vector.mask)
    if vector.mask.lungs:
        warnings += uncertainty_warnings(vector.uncertainty)
    if quality_model is None:
        return Quality(predicted_iou=None, trusted=False, warnings=(*warnings, _NOT_CALIBRATED))
    ood = compare(vector if as_calibrated is None else as_calibrated, quality_model.reference)
    # Only a frontal chest X-ray can show whose it is: an inverted one of an adult resembles no adult's.
    warnings += frontal_warnings(ood, quality_model) or warn_by_image(ood, quality_model.child)
    if as_calibrated is not None:
        return Quality(predicted_iou=None, trusted=False, warnings=(*warnings, _OTHER_SETTINGS))
    predicted = predict_iou(ood, quality_model.predicted_iou) if vector.mask.lungs else 0.0
    warnings += iou_warnings(predicted, least=quality_model.trust_threshold)
    trusted = _leave_trust(warnings)
    return Quality(predicted_iou=predicted, trusted=trusted, warnings=tuple(warnings))


def warn(quality: Quality, warnings: Iterable[Warning]) -> Quality:
    """Add warnings to a quality; some of them make the mask not trusted.

    Args:
        quality: The assessment so far.
        warnings: Those with a code in `REMARKS` leave the trust as it is.
    """
    added = tuple(warnings)
    trusted = quality.trusted and _leave_trust(added)
    return replace(quality, trusted=trusted, warnings=(*quality.warnings, *added))


def with_age(quality: Quality, years: float | None) -> Quality:
    """Replace what the image says about a child by what the file says.

    Args:
        quality: The assessment so far.
        years: The patient's age; None leaves the quality as it is.
    """
    if years is None:
        return quality
    others = [warning for warning in quality.warnings if warning.code != "child"]
    warnings = (*others, *warn_by_age(years))
    return replace(quality, trusted=_leave_trust(warnings), warnings=warnings)


def _leave_trust(warnings: Iterable[Warning]) -> bool:
    return all(warning.code in REMARKS for warning in warnings)


def _with_place(warning: Warning, evidence: Evidence) -> Warning:
    if warning.code != "low_confidence":
        return warning
    place = least_sure_place(evidence.probabilities, evidence.labels)
    if place is None:
        return warning
    return replace(warning, message=f"{warning.message} The network is least sure {place}.")
