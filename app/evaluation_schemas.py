"""The schemas of the answer of ``/evaluate``."""

from typing import Literal

from pydantic import BaseModel, Field

from .schemas import SegmentationDocument


class Metrics(BaseModel):
    """The agreement of the mask with the ground truth."""

    iou: float = Field(description="Intersection over union.", examples=[0.956])
    dice: float = Field(description="Dice coefficient.", examples=[0.977])
    pixel_accuracy: float = Field(description="Share of pixels that agree.", examples=[0.988])
    precision: float = Field(
        description="Share of the mask that is lung in the ground truth.", examples=[0.98]
    )
    recall: float = Field(description="Share of the ground truth that is in the mask.", examples=[0.974])
    hd95_px: float | None = Field(
        description="95th percentile Hausdorff distance in pixels; null where a mask is empty.",
        examples=[9.1],
    )
    hd95_mm: float | None = Field(
        description="The same in mm; also null where the spacing is unknown.", examples=[1.3]
    )
    assd_px: float | None = Field(
        description="Average symmetric surface distance in pixels; null where a mask is empty.",
        examples=[2.2],
    )
    assd_mm: float | None = Field(
        description="The same in mm; also null where the spacing is unknown.", examples=[0.3]
    )
    both_empty: bool = Field(
        description="Both masks are empty; the overlap is then 1 by definition.", examples=[False]
    )
    raw_iou: float = Field(description="Intersection over union without post-processing.", examples=[0.949])


class Picture(BaseModel):
    """An image."""

    encoding: Literal["png"] = Field("png", description="How `data` carries the image.")
    data: str = Field(description="The PNG in base64.", examples=["iVBORw0KGgo="])


class MaskNote(BaseModel):
    """An assumption about the ground truth, or a possible fault in it."""

    code: str = Field(description="A stable code for programs.", examples=["grey_levels"])
    message: str = Field(
        description="A sentence for people.",
        examples=[
            "The mask has greys between its levels, as resizing makes them: a pixel counts as lung from 128 "
            "on, half of the way to 255."
        ],
    )


class GroundTruth(BaseModel):
    """How the ground truth was read."""

    notes: list[MaskNote] = Field(
        description="Assumptions that were made and possible faults; empty if there was no doubt."
    )


class EvaluationDocument(SegmentationDocument):
    """The lungs in one radiograph, and their agreement with the ground truth."""

    metrics: Metrics = Field(description="The agreement of the mask with the ground truth.")
    ground_truth: GroundTruth = Field(description="How the ground truth was read.")
    disagreement: Picture | None = Field(
        description="Where the two disagree, at the image's size: reddish purple is lung in the mask only, "
        "yellow in the ground truth only, pale white in both, and the rest is transparent; null unless "
        "requested."
    )
