"""The segmentation of a radiograph, as the service returns it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The radiograph as the service read it.

    Attributes:
        width, height: Pixels.
        format: File format: ``png``, ``dicom``, …
        spacing_mm: Pixel spacing in mm, ``(row, column)``; None if the file does not give it.
        spacing_plane: Plane of the spacing: ``patient``; ``detector`` (or film: lengths are magnified);
            ``unknown``, one of the two.
        applied: Transformations applied to the stored values, in order.
        picture: X, y, width and height in pixels of the image without plain margins; None if there were
            none.
        sides_from: Source of right and left: ``patient_orientation``, ``image_laterality`` or
            ``convention``.
        left_at: The image's edge at the patient's left: ``left``, ``right``, ``top`` or ``bottom``; None if
            the service does not say.
        patient_orientation: Where the rows run to, and the columns, by the DICOM header, in the letters R, L,
            A (front), P (back), H (head), F (feet); None if it does not say.
    """

    width: int
    height: int
    format: str
    spacing_mm: tuple[float, float] | None
    spacing_plane: str | None
    applied: tuple[str, ...]
    picture: tuple[int, int, int, int] | None = None
    sides_from: str = "convention"
    left_at: str | None = None
    patient_orientation: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lung:
    """One of the patient's lungs.

    Attributes:
        area_px: Area in pixels.
        area_mm2: Area in mm²; None if the spacing is unknown.
        box: X, y, width and height of the bounding box in pixels.
        centroid: X and y in pixels.
    """

    area_px: int
    area_mm2: float | None
    box: tuple[int, int, int, int]
    centroid: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lungs:
    """The patient's lungs; ``Image.sides_from`` says how the sides are known.

    Attributes:
        right: The patient's right lung; None if not found.
        left: The patient's left lung; None if not found.
    """

    right: Lung | None
    left: Lung | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardiothoracicRatio:
    """How wide the heart is beside the thorax.

    Attributes:
        value: None where it is not measured.
        reason: Why it is not measured; None where it is.
        remarks: What makes the heart look larger or smaller than it is.
        method: How it is measured.
    """

    value: float | None
    reason: str | None
    remarks: tuple[str, ...]
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warning:
    """A warning about a mask or an assumption.

    Attributes:
        code: Stable, for programs.
        message: A sentence for people.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Whether the mask can be trusted.

    Attributes:
        predicted_iou: Predicted IoU with a ground truth; None if the checkpoint is not calibrated for
            the requested threshold and post-processing.
        trusted: Whether the mask is trusted.
        warnings: Warnings about the mask.
    """

    predicted_iou: float | None
    trusted: bool
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """The model that made the mask.

    Attributes:
        name, sha256: Name of the checkpoint and hash of its weights.
        engine, device: Engine and device that ran the network.
        threshold: Lowest probability of lung.
    """

    name: str
    sha256: str
    engine: str
    device: str
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds by stage, measured by the service; network transfer is not included.

    Attributes:
        decode: Reading the image.
        queue: Waiting for the network.
        inference: The network.
        postprocess: The mask and its quality.
        encode: Writing the answer.
    """

    decode: float
    queue: float
    inference: float
    postprocess: float
    encode: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """The lungs in one radiograph.

    Attributes:
        mask: ``(height, width)`` bool at native size: True is lung.
        image: The radiograph as the service read it.
        lungs: Area and position of each lung.
        quality: Whether the mask can be trusted.
        model: The model that made the mask.
        timing_ms: Milliseconds by stage.
        heart: Its area and place; None where it was not found, or the service's checkpoint finds no hearts.
        cardiothoracic_ratio: None where the service's checkpoint finds no hearts.
    """

    mask: NDArray[np.bool_]
    image: Image
    lungs: Lungs
    quality: Quality
    model: ServedModel
    timing_ms: Timing
    heart: Lung | None = None
    cardiothoracic_ratio: CardiothoracicRatio | None = None

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """Pixel spacing in mm, ``(row, column)``; None if the file does not give it."""
        return self.image.spacing_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Agreement of the mask with the ground truth.

    Distances are None if a mask is empty; those in mm also if the spacing is unknown.

    Attributes:
        iou, dice, pixel_accuracy, precision, recall: Between 0 and 1.
        hd95_px, hd95_mm: 95th percentile of the distances between the outlines.
        assd_px, assd_mm: Average symmetric surface distance.
        both_empty: Neither mask has a lung; overlap measures are then 1 by definition.
        raw_iou: IoU without post-processing.
    """

    iou: float
    dice: float
    pixel_accuracy: float
    precision: float
    recall: float
    hd95_px: float | None
    hd95_mm: float | None
    assd_px: float | None
    assd_mm: float | None
    both_empty: bool
    raw_iou: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTruth:
    """How the service read the ground truth.

    Attributes:
        notes: Assumptions and doubts about the file; empty if there are none.
    """

    notes: tuple[Warning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation(Segmentation):
    """The lungs in one radiograph, and their agreement with its ground truth.

    Attributes:
        metrics: The agreement.
        ground_truth: How the service read the ground truth.
    """

    metrics: Metrics
    ground_truth: GroundTruth = GroundTruth()
