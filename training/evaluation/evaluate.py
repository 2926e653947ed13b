"""A checkpoint on a test set: figures of each image, and what they come to.

    pleura evaluate --data DIR [--data DIR …] [--checkpoint FILE] --out report/

The masks are those that the service would give, at the size of the ground truth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.ground_truth import Note
from model.heart import cardiothoracic_ratio
from model.lungs import LEFT, RIGHT, label_lungs, measure
from model.margins import crop, picture_box
from model.metrics.gross_errors import KINDS, GrossError, gross_errors
from model.metrics.overlap import Overlap, overlap
from model.metrics.surface import Surface, surface
from model.quality import Quality
from model.radiograph import Grey
from model.segmentation import Segmentation
from model.segmenter import Segmenter
from model.stages import Inferred, Prepared

from ..data.datasets import IGNORE, SegmentationDataset, lung_in

LOW_IOU = 0.85
"""Below this a mask is counted as a failure."""

GOOD_IOU = 0.9
"""Masks below this are counted too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The figures of one image of the test set.

    Attributes:
        index: of the image in the data set.
        stem: the file's name without its ending.
        source: number of the data set's root that it came from.
        overlap: agreement of the mask with the truth, at the truth's size.
        raw_iou: IoU without post-processing.
        surface: distances of the outlines.
        loss: mean cross-entropy of the network's output at its own size.
        quality: what the service says of the mask.
        gross_errors: thick and large places where mask and truth differ.
        notes: what was assumed about the files of the truth.
        heart_iou: IoU of the heart; None without a true mask of it, or where the checkpoint does not find hearts.
        true_ratio: the cardiothoracic ratio of the true masks; None without one of the heart.
        ratio: that of the predicted masks; None where a part was not found.
    """

    index: int
    stem: str
    source: int
    overlap: Overlap
    raw_iou: float
    surface: Surface
    loss: float
    quality: Quality
    gross_errors: tuple[GrossError, ...] = ()
    notes: tuple[tuple[Path, Note], ...] = ()
    heart_iou: float | None = None
    true_ratio: float | None = None
    ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Images:
    """What a case's figures are of.

    Attributes:
        radiograph: ``(H, W)`` uint8 or uint16.
        truth, prediction: ``(H, W)`` bool.
    """

    radiograph: Grey
    truth: NDArray[np.bool_]
    prediction: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How IoU is spread over the images of a test set; each image counts the same.

    Attributes:
        failures: how many are below `LOW_IOU`.
        below_good: share below `GOOD_IOU`.
    """

    mean: float
    median: float
    p5: float
    worst: float
    failures: int
    below_good: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Over the images of a test set: each image counts the same.

    Attributes:
        images: how many.
        iou: with post-processing.
        raw_iou: without it.
        mean_dice, mean_pixel_accuracy, mean_loss: means.
        mean_hd95_px, mean_assd_px, mean_nsd: over the images where both masks hold lung; None where there is none.
        trusted: share of the masks that the service calls trusted.
        gross: images with a gross error.
        below_dome, elsewhere, missed: how many errors of each kind there are.
        gross_trusted: images with a gross error whose mask is trusted all the same.
        heart_iou, ratio_error: means over the images that have them: IoU of the heart, absolute error of the cardiothoracic ratio.
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


def evaluate(segmenter: Segmenter, dataset: SegmentationDataset) -> Iterator[tuple[Case, Images]]:
    """Judges a segmenter image by image.

    Pixels that the data set's ``ignore/`` names count as background in prediction and truth alike.

    Args:
        segmenter: what is judged.
        dataset: images and masks; its transform plays no part.

    Raises:
        DataError: a file cannot be read; it is named.
    """
    for index, sample in enumerate(dataset.samples):
        pixels, mask, notes = dataset.read(index)
        # The file, as the service gets it: a JPEG is decoded no finer than the network sees it, DICOM tells the sides.
        prepared = segmenter.prepare(sample.image)
        (inferred,) = segmenter.run([prepared])
        segmentation = segmenter.finish(prepared, inferred)
        raw = segmenter.finish(prepared, inferred, postprocess=False)
        counts = mask != IGNORE
        truth = lung_in(mask)
        prediction = segmentation.mask & counts
        case = Case(
            index=index,
            stem=sample.stem,
            source=sample.source,
            overlap=overlap(prediction, truth),
            raw_iou=overlap(raw.mask & counts, truth).iou,
            surface=surface(prediction, truth),
            loss=_cross_entropy(segmenter, prepared, inferred, mask),
            quality=segmentation.quality,
            gross_errors=gross_errors(prediction, truth),
            notes=tuple(notes),
            **_heart_figures(segmentation, dataset.load_heart(index), truth),
        )
        yield case, Images(pixels, truth, prediction)


def summarise(cases: Sequence[Case]) -> Summary:
    """What at least one case comes to."""
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
        ratio_error=_mean(
            [
                None if case.ratio is None or case.true_ratio is None else abs(case.ratio - case.true_ratio)
                for case in cases
            ]
        ),
    )


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


def _cross_entropy(
    segmenter: Segmenter, prepared: Prepared, inferred: Inferred, mask: NDArray[np.uint8]
) -> float:
    radiograph = prepared.radiograph
    _, _, width, height = picture_box(radiograph)
    rows, columns = segmenter.metadata.preprocessing.frame(width=width, height=height)
    probabilities = inferred.probabilities[rows, columns]
    seen = crop(mask, radiograph.picture)
    truth = cv2.resize(seen, probabilities.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    right = np.where(truth > 0, probabilities, 1 - probabilities)[truth != IGNORE]
    return float(-np.log(np.maximum(right, 1e-12)).mean()) if right.size else 0.0


def _heart_figures(
    segmentation: Segmentation, heart: NDArray[np.bool_] | None, truth: NDArray[np.bool_]
) -> dict[str, float | None]:
    if heart is None:
        return {}
    sides = label_lungs(truth)
    true_ratio = cardiothoracic_ratio(
        measure(heart.view(np.uint8), 1), measure(sides, RIGHT), measure(sides, LEFT)
    )
    found = segmentation.heart_mask
    if found is None:
        return {"true_ratio": true_ratio}
    return {
        "heart_iou": overlap(found, heart).iou,
        "true_ratio": true_ratio,
        "ratio": cardiothoracic_ratio(segmentation.heart, segmentation.right, segmentation.left),
    }


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
