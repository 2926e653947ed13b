"""Images as the network sees them: what the quality model is fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.lungs import label_lungs
from model.metrics.gross_errors import gross_errors
from model.metrics.overlap import overlap
from model.postprocessing import postprocess
from model.quality import Evidence
from model.quality.description import Description, describe
from model.segmenter import Segmenter

from .degradations import Mask
from .quality_cases import UNTOUCHED, Case, Role


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
    description: Description
    iou: float | None
    curve: tuple[float, ...] = ()
    gross: bool | None = None


THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(9))
"""Cuts that are tried."""


def describe_case(segmenter: Segmenter, case: Case) -> Example:
    """Runs the network on one image."""
    prepared = segmenter.prepare(case.pixels)
    (inferred,) = segmenter.run([prepared])
    evidence = gather_evidence(
        segmenter, prepared.input[0], inferred.probabilities, inferred.embedding, case.pixels.shape
    )
    iou: float | None = None
    curve: tuple[float, ...] = ()
    gross: bool | None = None
    if case.truth is not None:
        mask = _mask(segmenter, inferred.probabilities, case.truth.shape, segmenter.metadata.threshold)
        iou = overlap(mask, case.truth).iou
        gross = bool(gross_errors(mask, case.truth))
        if case.variant == UNTOUCHED:
            curve = tuple(_iou(segmenter, inferred.probabilities, case.truth, cut) for cut in THRESHOLDS)
    return Example(
        role=case.role,
        kind=case.kind,
        variant=case.variant,
        group=case.group,
        source=case.source,
        description=describe(evidence),
        iou=iou,
        curve=curve,
        gross=gross,
    )


def gather_evidence(
    segmenter: Segmenter,
    square: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    embedding: NDArray[np.float32],
    shape: tuple[int, ...],
) -> Evidence:
    """What `Segmenter.finish` would judge at the checkpoint's threshold; ``shape`` is the image's ``(H, W)``."""
    threshold = segmenter.metadata.threshold
    frame = segmenter.metadata.preprocessing.frame(width=shape[1], height=shape[0])
    labels = label_lungs(postprocess(probabilities, threshold=threshold) >= threshold)
    return Evidence(
        input=square[frame],
        probabilities=probabilities[frame],
        labels=labels[frame],
        embedding=embedding,
        threshold=threshold,
    )


def _iou(segmenter: Segmenter, probabilities: NDArray[np.float32], truth: Mask, threshold: float) -> float:
    return overlap(_mask(segmenter, probabilities, truth.shape, threshold), truth).iou


def _mask(
    segmenter: Segmenter, probabilities: NDArray[np.float32], shape: tuple[int, ...], threshold: float
) -> Mask:
    kept = postprocess(probabilities, threshold=threshold)
    height, width = shape
    mask: Mask = segmenter.metadata.preprocessing.restore(kept, width=width, height=height) >= threshold
    return mask
