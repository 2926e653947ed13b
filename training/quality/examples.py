"""Images as the network sees them: what the quality model is fitted to."""

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
    """One image after it: what is seen, and the IoU of its mask after post-processing at native size where that is known.

    ``gross`` says whether that mask has a gross error. ``curve`` has the IoU at each of `THRESHOLDS` for images as they are.
    """

    role: Role
    kind: str
    variant: str
    group: str
    source: str
    description: FeatureVector
    iou: float | None
    curve: tuple[float, ...] = ()
    gross: bool | None = None


THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(9))
"""Cuts that are tried."""


def describe_case(segmenter: Segmenter, case: Case) -> Example:
    """Runs the network on one image."""
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
        description=extract_features(evidence),
        iou=iou,
        curve=curve,
        gross=gross,
    )
