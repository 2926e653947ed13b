"""Examples for the fit of the quality model: features of an image and, if known, the IoU of its mask."""

from __future__ import annotations

from dataclasses import dataclass

from model.evidence import usual_evidence
from model.metrics.gross_errors import gross_errors
from model.metrics.overlap import overlap
from model.quality.feature_vector import FeatureVector, extract_features
from model.segmenter import Segmenter

from .cases import UNTOUCHED, Case, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An image after inference.

    Attributes:
        role: See `Case`.
        kind: See `Case`.
        variant: See `Case`.
        group: See `Case`.
        source: See `Case`.
        features: Of image, mask and probabilities.
        iou: Of the post-processed mask at native size; None without a ground truth.
        curve: The IoU at each of `THRESHOLDS`, for labelled images as they are.
        gross: Whether the mask has a gross error; None without a ground truth.
    """

    role: Role
    kind: str
    variant: str
    group: str
    source: str
    features: FeatureVector
    iou: float | None
    curve: tuple[float, ...] = ()
    gross: bool | None = None


THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(9))
"""Thresholds of the probability that the report compares."""


def make_example(segmenter: Segmenter, case: Case) -> Example:
    """Run the network on one image, and measure its mask.

    Args:
        segmenter: The segmenter, with the checkpoint's own threshold and post-processing.
        case: The image, and its true mask if there is one.
    """
    prepared = segmenter.prepare(case.pixels)
    (inferred,) = segmenter.run([prepared])
    evidence = usual_evidence(prepared, inferred, segmenter.metadata)
    iou: float | None = None
    curve: tuple[float, ...] = ()
    gross: bool | None = None
    if case.truth is not None:
        mask = segmenter.mask(prepared, inferred)
        iou = overlap(mask, case.truth).iou
        gross = bool(gross_errors(mask, case.truth))
        if case.variant == UNTOUCHED:
            curve = tuple(
                overlap(segmenter.mask(prepared, inferred, threshold=cut), case.truth).iou
                for cut in THRESHOLDS
            )
    return Example(
        role=case.role,
        kind=case.kind,
        variant=case.variant,
        group=case.group,
        source=case.source,
        features=extract_features(evidence),
        iou=iou,
        curve=curve,
        gross=gross,
    )
