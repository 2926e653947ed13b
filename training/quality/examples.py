"""Images as the network sees them: what the quality model is fitted to."""

from __future__ import annotations

from dataclasses import dataclass

from model.lungs import label_lungs
from model.margins import picture_box, put_back
from model.metrics.gross_errors import gross_errors
from model.metrics.overlap import overlap
from model.postprocessing import postprocess
from model.quality import Evidence
from model.quality.feature_vector import FeatureVector, extract_features
from model.segmenter import Inferred, Prepared, Segmenter

from ..data.degradations import Mask
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
    evidence = gather_evidence(segmenter, prepared, inferred)
    iou: float | None = None
    curve: tuple[float, ...] = ()
    gross: bool | None = None
    if case.truth is not None:
        mask = _mask(segmenter, prepared, inferred, segmenter.metadata.threshold)
        iou = overlap(mask, case.truth).iou
        gross = bool(gross_errors(mask, case.truth))
        if case.variant == UNTOUCHED:
            curve = tuple(
                overlap(_mask(segmenter, prepared, inferred, cut), case.truth).iou for cut in THRESHOLDS
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


def gather_evidence(segmenter: Segmenter, prepared: Prepared, inferred: Inferred) -> Evidence:
    """What `Segmenter.finish` would judge at the checkpoint's threshold."""
    threshold = segmenter.metadata.threshold
    _, _, width, height = picture_box(prepared.radiograph)
    frame = segmenter.metadata.preprocessing.frame(width=width, height=height)
    labels = label_lungs(postprocess(inferred.probabilities, threshold=threshold) >= threshold)
    return Evidence(
        input=prepared.input[0][frame],
        probabilities=inferred.probabilities[frame],
        labels=labels[frame],
        embedding=inferred.embedding,
        threshold=threshold,
    )


def _mask(segmenter: Segmenter, prepared: Prepared, inferred: Inferred, threshold: float) -> Mask:
    """The mask at native size, as `Segmenter.finish` makes it."""
    kept = postprocess(inferred.probabilities, threshold=threshold)
    _, _, width, height = picture_box(prepared.radiograph)
    mask = segmenter.metadata.preprocessing.restore(kept, width=width, height=height) >= threshold
    return put_back(mask, prepared.radiograph)
