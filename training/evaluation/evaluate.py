"""Evaluation of a checkpoint on a test set: metrics of each image.

    pleura evaluate --data DIR [--data DIR …] [--checkpoint FILE] --out report/

The masks are those that the service returns, at the size of the ground truth.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.checkpoint import CheckpointMetadata
from model.ground_truth import Note
from model.heart import cardiothoracic_ratio
from model.lungs import LEFT, RIGHT, label_lungs, measure
from model.margins import crop, picture_box
from model.metrics.gross_errors import GrossError, gross_errors
from model.metrics.overlap import Overlap, overlap
from model.metrics.surface import Surface, surface
from model.quality import Quality
from model.radiograph import Grey
from model.segmentation import Segmentation
from model.segmenter import Segmenter
from model.stages import Inferred, Prepared

from ..data.datasets import IGNORE, SegmentationDataset, lung_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The metrics of one image of the test set.

    Attributes:
        index: Of the image in the data set.
        stem: The file's name without its ending.
        source: Number of the data set's root.
        overlap: Overlap of mask and ground truth, at the size of the latter.
        raw_iou: IoU without post-processing.
        surface: Distances between the outlines.
        loss: Mean cross-entropy of the network's output at its input size.
        quality: The service's assessment of the mask.
        gross_errors: Thick and large regions where mask and ground truth differ.
        notes: What was assumed about the files of the ground truth.
        heart_iou: IoU of the heart; None without a true mask of it, or if the checkpoint does not
            segment hearts.
        true_ratio: Cardiothoracic ratio of the true masks; None without a true mask of the heart.
        ratio: Cardiothoracic ratio as the service gives it; None if it gives none. Masks of a checkpoint
            that was not calibrated count as trusted.
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
    """The images of a case.

    Attributes:
        radiograph: ``(H, W)`` uint8 or uint16.
        truth: ``(H, W)`` bool.
        prediction: ``(H, W)`` bool.
    """

    radiograph: Grey
    truth: NDArray[np.bool_]
    prediction: NDArray[np.bool_]


def evaluate(segmenter: Segmenter, dataset: SegmentationDataset) -> Iterator[tuple[Case, Images]]:
    """Yield the metrics and the images of each case of a test set.

    Pixels of the data set's ``ignore/`` masks count as background in prediction and ground truth alike.

    Args:
        segmenter: What is evaluated.
        dataset: Images and masks; its transform is not used.

    Raises:
        DataError: A file cannot be read; the message names it.
    """
    for index, sample in enumerate(dataset.samples):
        pixels, mask, notes = dataset.read(index)
        # The service gets the file too: it decodes a JPEG at reduced size, and reads the sides from DICOM.
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
            **_heart_metrics(segmentation, segmenter.metadata, dataset.load_heart(index), truth),
        )
        yield case, Images(pixels, truth, prediction)


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


def _heart_metrics(
    segmentation: Segmentation,
    metadata: CheckpointMetadata,
    heart: NDArray[np.bool_] | None,
    truth: NDArray[np.bool_],
) -> dict[str, float | None]:
    if heart is None:
        return {}
    sides = label_lungs(truth)
    true_ratio = cardiothoracic_ratio(
        measure(heart.view(np.uint8), 1), measure(sides, RIGHT), measure(sides, LEFT)
    )
    if metadata.calibration is None:
        segmentation = replace(segmentation, quality=replace(segmentation.quality, trusted=True))
    found, ratio = segmentation.heart_mask, segmentation.cardiothoracic_ratio
    if found is None or ratio is None:
        return {"true_ratio": true_ratio}
    return {
        "heart_iou": overlap(found, heart).iou,
        "true_ratio": true_ratio,
        "ratio": ratio.value,
    }
