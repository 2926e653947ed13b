"""What the service answers about a radiograph."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The radiograph as the service read it.

    Attributes:
        width, height: pixels.
        format: what the bytes were: ``png``, ``dicom``, …
        spacing_mm: distance of the pixels' centres in mm, ``(row, column)``; None where the file does not say.
        spacing_plane: ``patient``; ``detector`` where the spacing holds only there or on the film, and lengths are magnified; or
            ``unknown``, one of the two.
        applied: what was done to the stored values to read them, in order.
        picture: x, y, width and height in pixels of what the network saw, where plain margins around it were cut off.
        sides_from: what right and left go by: ``patient_orientation``, ``image_laterality`` or ``convention``.
    """

    width: int
    height: int
    format: str
    spacing_mm: tuple[float, float] | None
    spacing_plane: str | None
    applied: tuple[str, ...]
    picture: tuple[int, int, int, int] | None = None
    sides_from: str = "convention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lung:
    """One of the patient's lungs.

    Attributes:
        area_px: pixels of the mask.
        area_mm2: the area in mm², where the spacing is known.
        box: x, y, width, height of the smallest rectangle around it, in pixels.
        centroid: x, y in pixels.
    """

    area_px: int
    area_mm2: float | None
    box: tuple[int, int, int, int]
    centroid: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lungs:
    """Right and left as the patient's, by what ``Image.sides_from`` says. None where not found."""

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
    """Something that speaks against a mask, or was assumed about it: a stable word for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Whether the mask can be trusted.

    Attributes:
        predicted_iou: the IoU with a ground truth that is to be expected; None where the checkpoint was not calibrated, or not
            for the threshold and post-processing that were asked for.
        trusted: nothing speaks against the mask.
        warnings: what speaks against it.
    """

    predicted_iou: float | None
    trusted: bool
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """What made the mask.

    Attributes:
        name, sha256: the checkpoint and the hash of its weights.
        engine, device: what ran the network, and where.
        threshold: probability from which a pixel is lung.
    """

    name: str
    sha256: str
    engine: str
    device: str
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds by stage, as the service measured them; the way over the network is not in them."""

    decode: float
    queue: float
    inference: float
    postprocess: float
    encode: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """The lungs in one radiograph.

    Attributes:
        mask: ``(height, width)`` bool at the radiograph's own size: True is lung.
        image: the radiograph as the service read it.
        lungs: each lung's area and place.
        quality: whether the mask can be trusted.
        model: what made the mask.
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
        """Distance of the pixels' centres in mm, ``(row, column)``; None where the file does not say."""
        return self.image.spacing_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """How well the mask agrees with the ground truth.

    Attributes:
        iou, dice, pixel_accuracy, precision, recall: between 0 and 1.
        hd95_px, hd95_mm: 95th percentile of the outlines' distances.
        assd_px, assd_mm: average symmetric distance of the outlines.
        both_empty: neither mask has a lung; the overlap is then 1 by definition.
        raw_iou: the IoU without post-processing.

    Distances are None where a mask is empty; those in mm also where the spacing is unknown.
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
        notes: what it assumed, and what looks wrong; empty where there was no doubt.
    """

    notes: tuple[Warning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation(Segmentation):
    """The lungs in one radiograph, and how well they agree with its ground truth."""

    metrics: Metrics
    ground_truth: GroundTruth = GroundTruth()
