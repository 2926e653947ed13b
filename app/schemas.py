"""The schemas of the service's JSON answers."""

from typing import Literal

from pydantic import BaseModel, Field

from model.radiograph import SpacingPlane
from model.sides import Edge, SidesFrom

from .mask_schemas import Mask


class Image(BaseModel):
    """The radiograph as it was read."""

    width: int = Field(description="Pixels in a row.", examples=[2048])
    height: int = Field(description="Pixels in a column.", examples=[2048])
    format: str = Field(description="The file format.", examples=["png", "dicom"])
    spacing_mm: tuple[float, float] | None = Field(
        description="Pixel spacing in mm, (row, column); null where the file does not say.",
        examples=[(0.14, 0.14)],
    )
    spacing_plane: SpacingPlane | None = Field(
        description="The plane of the spacing: in the patient; on the detector or film, where lengths are "
        "magnified; or unknown, if the file does not say which; null where there is no spacing.",
        examples=["detector"],
    )
    applied: list[str] = Field(
        description="The transformations that were applied to the stored values, in order.",
        examples=[["rescale", "voi_lut", "inverted"]],
    )
    picture: tuple[int, int, int, int] | None = Field(
        description="x, y, width and height in pixels of the part that the network saw, if plain margins "
        "around it were cut off (`margins_cut`); null if it saw the whole image. The mask has the whole "
        "image's size.",
        examples=[None],
    )
    sides_from: SidesFrom = Field(
        description="How right and left were determined: by the DICOM header's PatientOrientation; by its "
        "ImageLaterality or Laterality if only one lung was found; or by the convention that the right "
        "lung is on the image's left.",
        examples=["convention"],
    )
    left_at: Edge = Field(
        description="The edge of the image at the patient's left, by the header's PatientOrientation or "
        "the convention.",
        examples=["right"],
    )
    patient_orientation: tuple[str, str] | None = Field(
        description="The header's PatientOrientation: where the rows run to, and the columns, in the letters "
        "R, L, A (front), P (back), H (head), F (feet), the main direction first; null if it has none.",
        examples=[("L", "F")],
    )


class Lung(BaseModel):
    """One of the patient's lungs."""

    area_px: int = Field(description="Area in pixels.", examples=[512000])
    area_mm2: float | None = Field(
        description="Area in mm² in the plane of `spacing_plane`; null where the spacing is unknown.",
        examples=[10035.2],
    )
    box: tuple[int, int, int, int] = Field(
        description="Bounding box in pixels: x, y, width, height.",
        examples=[(200, 260, 700, 1300)],
    )
    centroid: tuple[float, float] = Field(description="Centroid in pixels: x, y.", examples=[(560.2, 905.7)])


class Lungs(BaseModel):
    """The patient's right and left lung; `sides_from` says how they were told apart."""

    right: Lung | None = Field(description="The right lung; null where none was found.")
    left: Lung | None = Field(description="The left lung; null where none was found.")


class Heart(Lung):
    """The heart's shadow."""


class CardiothoracicRatio(BaseModel):
    """The ratio of the heart's width to the thorax's."""

    value: float | None = Field(
        description="The cardiothoracic ratio; null where it is not measured.", examples=[0.47]
    )
    reason: str | None = Field(
        description="Why it is not measured; null where it is.",
        examples=["The mask of the lungs is not trusted."],
    )
    remarks: list[str] = Field(
        description="Circumstances that make the heart look larger or smaller than it is.",
        examples=[["AP view: the heart looks larger than in a PA view."]],
    )
    method: str = Field(
        description="The method of measurement.",
        examples=["widest heart over widest inner thorax (Dong et al., 2018)"],
    )


class QualityWarning(BaseModel):
    """A reason not to trust the mask."""

    code: str = Field(description="A stable code for programs.", examples=["one_lung"])
    message: str = Field(description="A sentence for people.", examples=["Only one lung was found."])


class Quality(BaseModel):
    """Whether the mask can be trusted."""

    predicted_iou: float | None = Field(
        description="Expected IoU with a ground truth; null where the checkpoint has no quality model, or "
        "none for these settings.",
        examples=[0.96],
    )
    trusted: bool = Field(description="Whether there is no warning.")
    warnings: list[QualityWarning] = Field(description="Reasons not to trust the mask.")


class ServedModel(BaseModel):
    """The model that made the mask."""

    name: str = Field(description="The checkpoint's name.", examples=["pleura-r50-256"])
    sha256: str = Field(description="Hash of its weights.", examples=["9f86d081884c7d65…"])
    engine: str = Field(
        description="The engine that ran the network, and its precision.", examples=["openvino-int8"]
    )
    device: str = Field(description="The device that ran the network.", examples=["cpu"])
    threshold: float = Field(description="Probability from which a pixel is lung.", examples=[0.5])


class Timing(BaseModel):
    """The milliseconds of each stage."""

    decode: float = Field(description="Reading the image and making the network's input.", examples=[12.5])
    queue: float = Field(description="Waiting for a thread and for the network.", examples=[0.4])
    inference: float = Field(description="Running the network on the whole batch.", examples=[63.0])
    postprocess: float = Field(description="Components, sides, native size, quality.", examples=[4.2])
    encode: float = Field(description="Encoding the mask.", examples=[3.1])


class SegmentationDocument(BaseModel):
    """The lungs in one radiograph."""

    image: Image = Field(description="The radiograph as it was read.")
    mask: Mask | None = Field(description="The mask at the image's size; null with mask=none.")
    lungs: Lungs = Field(description="The area and position of each lung.")
    heart: Heart | None = Field(
        description="The area and position of the heart; null where it was not found, or the checkpoint "
        "does not segment hearts."
    )
    cardiothoracic_ratio: CardiothoracicRatio | None = Field(
        description="Widest heart over widest inner thorax; null where the checkpoint does not segment "
        "hearts."
    )
    quality: Quality = Field(description="Whether the mask can be trusted.")
    model: ServedModel = Field(description="The model that made the mask.")
    timing_ms: Timing = Field(description="The milliseconds of each stage.")


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


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(
        description="A stable URI for this kind of error.", examples=["urn:pleura:problem:queue-full"]
    )
    title: str = Field(description="The kind of error in words.", examples=["Too many images are waiting"])
    status: int = Field(description="The HTTP status.", examples=[429])
    detail: str = Field(description="What is wrong, and what to do.", examples=["Try again in 2 seconds."])
