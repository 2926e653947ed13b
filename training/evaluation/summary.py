"""The summary of an evaluation: metrics over the images of a test set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.metrics.gross_errors import KINDS

from .evaluate import Case

LOW_IOU = 0.85
"""IoU below which a mask counts as a failure."""

GOOD_IOU = 0.9
"""IoU below which masks are counted as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The distribution of the IoU over the images of a test set.

    Attributes:
        mean: Of the images.
        median: Of the images.
        p5: The 5th percentile.
        worst: The lowest.
        failures: Number of images below `LOW_IOU`.
        below_good: Share of images below `GOOD_IOU`.
    """

    mean: float
    median: float
    p5: float
    worst: float
    failures: int
    below_good: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The metrics over the images of a test set, each with the same weight.

    Attributes:
        images: Number of images.
        iou: With post-processing.
        raw_iou: Without post-processing.
        mean_dice: Over all images.
        mean_pixel_accuracy: Over all images.
        mean_loss: Over all images.
        mean_hd95_px: Over the images where both masks contain lung; None without any.
        mean_assd_px: As ``mean_hd95_px``.
        mean_nsd: As ``mean_hd95_px``.
        trusted: Share of the masks that the service trusts.
        gross: Number of images with a gross error.
        below_dome: Number of gross errors of this kind.
        elsewhere: Number of gross errors of this kind.
        missed: Number of gross errors of this kind.
        gross_trusted: Number of images with a gross error whose mask is trusted.
        heart_iou: Mean over the images that have one; None without any.
        ratio_error: Mean absolute error of the cardiothoracic ratio over the images where it is measured;
            None without any.
        ratios: Number of these images.
    """

    images: int
    iou: Distribution
    raw_iou: Distribution
    mean_dice: float
    mean_pixel_accuracy: float
    mean_loss: float
    mean_hd95_px: float | None
    mean_assd_px: float | None
    mean_nsd: float | None
    trusted: float
    gross: int
    below_dome: int
    elsewhere: int
    missed: int
    gross_trusted: int
    heart_iou: float | None
    ratio_error: float | None
    ratios: int


def summarise(cases: Sequence[Case]) -> Summary:
    """Return the summary of at least one case."""
    errors = [
        None if case.ratio is None or case.true_ratio is None else abs(case.ratio - case.true_ratio)
        for case in cases
    ]
    return Summary(
        images=len(cases),
        iou=_distribution([case.overlap.iou for case in cases]),
        raw_iou=_distribution([case.raw_iou for case in cases]),
        mean_dice=float(np.mean([case.overlap.dice for case in cases])),
        mean_pixel_accuracy=float(np.mean([case.overlap.pixel_accuracy for case in cases])),
        mean_loss=float(np.mean([case.loss for case in cases])),
        mean_hd95_px=_mean([case.surface.hd95_px for case in cases]),
        mean_assd_px=_mean([case.surface.assd_px for case in cases]),
        mean_nsd=_mean([case.surface.nsd for case in cases]),
        trusted=float(np.mean([case.quality.trusted for case in cases])),
        gross=sum(bool(case.gross_errors) for case in cases),
        **{kind: sum(error.kind == kind for case in cases for error in case.gross_errors) for kind in KINDS},
        gross_trusted=sum(bool(case.gross_errors) and case.quality.trusted for case in cases),
        heart_iou=_mean([case.heart_iou for case in cases]),
        ratio_error=_mean(errors),
        ratios=sum(error is not None for error in errors),
    )


def summaries_of(cases: Sequence[Case], roots: Sequence[str]) -> dict[str, Summary]:
    """Return the summary of each root's cases by its name, and if there are several roots, of ``"all"``.

    Args:
        cases: The cases of all roots.
        roots: Names of the roots; ``Case.source`` is an index into them.
    """
    summaries = {
        name: summarise([case for case in cases if case.source == source])
        for source, name in enumerate(roots)
    }
    if len(roots) > 1:
        summaries["all"] = summarise(cases)
    return summaries


def _distribution(ious: list[float]) -> Distribution:
    values = np.array(ious)
    return Distribution(
        mean=float(values.mean()),
        median=float(np.median(values)),
        p5=float(np.percentile(values, 5)),
        worst=float(values.min()),
        failures=int((values < LOW_IOU).sum()),
        below_good=float((values < GOOD_IOU).mean()),
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
