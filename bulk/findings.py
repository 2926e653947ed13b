"""The findings of one radiograph in the table of results."""

from __future__ import annotations

from dataclasses import dataclass

from model.engines import Engine
from model.segmentation import Segmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """A segmentation without its pixels. A lung or heart that was not found has no area.

    Attributes:
        width, height: Size of the image in pixels.
        right_area_px, left_area_px: Lung areas in pixels.
        right_area_mm2, left_area_mm2: Lung areas in mm²; None if the spacing is unknown.
        heart_area_px, heart_area_mm2: Area of the heart; None if the checkpoint does not segment hearts.
        cardiothoracic_ratio: See `measure_ratio`; None if it is not measured.
        spacing_plane: The plane of the spacing, see `Radiograph`.
        trusted: Whether the mask is trusted.
        predicted_iou: Predicted IoU; None if the checkpoint is not calibrated.
        warnings: Codes of the warnings, separated by spaces.
        engine: Name of the engine that ran the network.
    """

    width: int
    height: int
    right_area_px: int | None
    right_area_mm2: float | None
    left_area_px: int | None
    left_area_mm2: float | None
    heart_area_px: int | None
    heart_area_mm2: float | None
    cardiothoracic_ratio: float | None
    spacing_plane: str | None
    trusted: bool
    predicted_iou: float | None
    warnings: str
    engine: str

    @classmethod
    def of(cls, segmentation: Segmentation, engine: Engine) -> Findings:
        """Return the findings of a segmentation."""
        right, left, heart = segmentation.right, segmentation.left, segmentation.heart
        ratio, quality = segmentation.cardiothoracic_ratio, segmentation.quality
        return cls(
            width=segmentation.radiograph.width,
            height=segmentation.radiograph.height,
            right_area_px=right.area_px if right else None,
            right_area_mm2=right.area_mm2 if right else None,
            left_area_px=left.area_px if left else None,
            left_area_mm2=left.area_mm2 if left else None,
            heart_area_px=heart.area_px if heart else None,
            heart_area_mm2=heart.area_mm2 if heart else None,
            cardiothoracic_ratio=ratio.value if ratio else None,
            spacing_plane=segmentation.radiograph.spacing_plane,
            trusted=quality.trusted,
            predicted_iou=quality.predicted_iou,
            warnings=" ".join(warning.code for warning in quality.warnings),
            engine=engine.name,
        )
