"""The result of a segmentation: the mask of one radiograph, its measures and quality."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .heart import HEART, CardiothoracicRatio, measure_ratio
from .lungs import Lung
from .quality import Quality
from .radiograph import Radiograph
from .sides import SidesFrom
from .timing import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """The lungs in one radiograph.

    Attributes:
        radiograph: The radiograph that was segmented.
        labels: ``(height, width)`` uint8 at native size: 0 background, 1 right lung, 2 left lung.
        threshold: Probability from which a pixel is lung.
        right, left: The patient's lungs; None if not found.
        sides_from: How right and left were determined: by the file's Patient Orientation, by its
            laterality if only one lung was found, or by the convention that the right lung is on the
            image's left.
        quality: Whether the mask can be trusted.
        heart_mask: ``(height, width)`` bool; None if the checkpoint does not segment hearts.
        heart: Area, box and centroid of the heart; None if not found.
        heart_expected_iou: Expected IoU of the heart's mask (see `expected_iou`); None if no network made it.
        timing_ms: Milliseconds of each stage.
    """

    radiograph: Radiograph
    labels: NDArray[np.uint8]
    threshold: float
    right: Lung | None
    left: Lung | None
    sides_from: SidesFrom = "convention"
    quality: Quality
    heart_mask: NDArray[np.bool_] | None = None
    heart: Lung | None = None
    heart_expected_iou: float | None = None
    timing_ms: Timing = field(default_factory=Timing)

    @property
    def cardiothoracic_ratio(self) -> CardiothoracicRatio | None:
        """The cardiothoracic ratio, or why it is not measured; None if the checkpoint has no heart class."""
        if self.heart_mask is None:
            return None
        dataset = self.radiograph.dataset
        view = None if dataset is None else str(dataset.get("ViewPosition") or "") or None
        return measure_ratio(
            self.heart,
            self.right,
            self.left,
            trusted=self.quality.trusted,
            expected_iou=self.heart_expected_iou,
            view=view,
        )

    @property
    def structures(self) -> NDArray[np.uint8]:
        """``(height, width)`` uint8: the labels of the lungs, and 3 where the heart is."""
        if self.heart_mask is None:
            return self.labels
        return np.where(self.heart_mask, np.uint8(HEART), self.labels)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """``(height, width)`` bool at native size: True is lung."""
        return self.labels > 0
