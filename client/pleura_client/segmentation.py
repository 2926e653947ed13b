"""The segmentation of a radiograph, as the service returns it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The radiograph as the service read it.

    Attributes:
        width, height: pixels.
        format: file format: ``png``, ``dicom``, …
        spacing_mm: pixel spacing in mm, ``(row, column)``; None if the file does not give it.
        spacing_plane: plane of the spacing: ``patient``; ``detector`` (or film: lengths are magnified);
            ``unknown``, one of the two.
        applied: transformations applied to the stored values, in order.
        picture: x, y, width and height in pixels of the image without plain margins; None if there were
            none.
        sides_from: source of right and left: ``patient_orientation``, ``image_laterality`` or
            ``convention``.
        left_at: the image's edge at the patient's left: ``left``, ``right``, ``top`` or ``bottom``; None if
            the service does not say.
        patient_orientation: where the rows run to, and the columns, by the DICOM header, in the letters R, L,
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
        area_px: area in pixels.
        area_mm2: area in mm²; None if the spacing is unknown.
        box: x, y, width and height of the bounding box in pixels.
        centroid: x and y in pixels.
    """

    area_px: int
    area_mm2: float | None
    box: tuple[int, int, int, int]
    centroid: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lungs:
    """The patient's right and left lung, see ``Image.sides_from``; None if not found."""

    right: Lung | None
    left: Lung | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardiothoracicRatio:
    """How wide the heart is beside the thorax.

    Attributes:
        value: None where it is not measured.
        reason: why it is not measured; None where it is.
        remarks: what makes the heart look larger or smaller than it is.
        method: how it is measured.
    """

    value: float | None
    reason: str | None
    remarks: tuple[str, ...]
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warning:
    """A warning about a mask or an assumption: a stable code for programs and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Whether the mask can be trusted.

    Attributes:
        predicted_iou: predicted IoU with a ground truth; None if the checkpoint is not calibrated for
            the requested threshold and post-processing.
        trusted: whether the mask is trusted.
        warnings: warnings about the mask.
    """

    predicted_iou: float | None
    trusted: bool
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """The model that made the mask.

    Attributes:
        name, sha256: name of the checkpoint and hash of its weights.
        engine, device: engine and device that ran the network.
        threshold: lowest probability of lung.
    """

    name: str
    sha256: str
    engine: str
    device: str
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds by stage, measured by the service; network transfer is not included."""

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
        image: the radiograph as the service read it.
        lungs: area and position of each lung.
        quality: whether the mask can be trusted.
        model: the model that made the mask.
        timing_ms: milliseconds by stage.
        heart: its area and place; None where it was not found, or the service's checkpoint finds no hearts.
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
        iou, dice, pixel_accuracy, precision, recall: between 0 and 1.
        hd95_px, hd95_mm: 95th percentile of the distances between the outlines.
        assd_px, assd_mm: average symmetric surface distance.
        both_empty: neither mask has a lung; overlap measures are then 1 by definition.
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
        notes: assumptions and doubts about the file; empty if there are none.
    """

    notes: tuple[Warning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation(Segmentation):
    """The lungs in one radiograph, and their agreement with its ground truth."""

    metrics: Metrics
    ground_truth: GroundTruth = GroundTruth()
