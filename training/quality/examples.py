"""Examples for the fit of the quality model: features of an image and, if known, the IoU of its mask."""

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
    """An image after inference.

    Attributes:
        role: see `Case`.
        kind: see `Case`.
        variant: see `Case`.
        group: see `Case`.
        source: see `Case`.
        features: of image, mask and probabilities.
        iou: of the post-processed mask at native size; None without a ground truth.
        curve: the IoU at each of `THRESHOLDS`, for labelled images as they are.
        gross: whether the mask has a gross error; None without a ground truth.
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
    """Run the network on one image."""
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
        features=extract_features(evidence),
        iou=iou,
        curve=curve,
        gross=gross,
    )


def gather_evidence(segmenter: Segmenter, prepared: Prepared, inferred: Inferred) -> Evidence:
    """Return the evidence that `Segmenter.finish` assesses at the checkpoint's threshold."""
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
    """Return the mask at native size, as `Segmenter.finish` does."""
    kept = postprocess(inferred.probabilities, threshold=threshold)
    _, _, width, height = picture_box(prepared.radiograph)
    mask = segmenter.metadata.preprocessing.restore(kept, width=width, height=height) >= threshold
    return put_back(mask, prepared.radiograph)
