"""What a request may ask for in its query."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from model.ground_truth import LUNG_VALUES

Threshold = Annotated[
    float | None,
    Field(
        ge=0,
        le=1,
        description="Probability from which a pixel is lung; the checkpoint's own if not given.",
        examples=[0.5],
    ),
]

Postprocess = Annotated[
    bool,
    Field(description="Keep at most the largest two components and fill holes; false gives the raw mask."),
]


class Render(StrEnum):
    """What an ``image/png`` answer shows."""

    MASK = "mask"
    OVERLAY = "overlay"
    RADIOGRAPH = "radiograph"


class MaskEncoding(StrEnum):
    """How JSON carries the mask."""

    PNG = "png"
    RLE = "rle"
    POLYGONS = "polygons"
    GEOJSON = "geojson"
    NONE = "none"


class SegType(StrEnum):
    """Types of a DICOM SEG."""

    BINARY = "binary"
    LABELMAP = "labelmap"


class DicomForm(StrEnum):
    """DICOM objects that a mask is written as."""

    SEG = "seg"
    SC = "sc"
    GSPS = "gsps"
    SR = "sr"


Dicom = Annotated[
    DicomForm,
    Field(
        description="The object of an application/dicom answer: a segmentation (SEG), a secondary capture with the outlines (SC), "
        "a presentation state (GSPS) or a structured report (SR, TID 1500). The parameter of the same name in Accept comes first."
    ),
]

Seg = Annotated[
    SegType,
    Field(
        description="The type of a SEG: a frame of one bit for each lung, or a label map, which few programs read yet."
    ),
]


class MaskOptions(BaseModel):
    """How a mask is made."""

    model_config = ConfigDict(extra="forbid")

    threshold: Threshold = None
    postprocess: Postprocess = True


class DicomOptions(MaskOptions):
    """The query of ``/segment.dcm``."""

    form: Dicom = DicomForm.SEG
    seg: Seg = SegType.BINARY


class PictureOptions(MaskOptions):
    """The query of ``/segment.png``."""

    render: Render = Field(
        Render.MASK,
        description="What an image/png answer shows: the mask, the radiograph with the outlines of the lungs, or the radiograph alone.",
    )


class SegmentOptions(PictureOptions):
    """The query of ``/segment``."""

    mask: MaskEncoding = Field(
        MaskEncoding.PNG,
        description="How the JSON document carries the mask: 1-bit PNG in base64, COCO run lengths, COCO polygons, the outlines of each "
        "lung as GeoJSON, or not.",
    )
    form: Dicom = DicomForm.SEG
    seg: Seg = SegType.BINARY


class EvaluateOptions(SegmentOptions):
    """The query of ``/evaluate``."""

    resize: bool = Field(
        False,
        description="Bring a ground truth of another size to the image's, by nearest neighbour, instead of refusing it.",
    )
    lung_values: str | None = Field(
        None,
        pattern=LUNG_VALUES,
        description="Values of the ground truth that are lung, with commas between them, where others are not: stored values, of a palette "
        "the indices, of a DICOM SEG the segments' numbers; if not given, what is not background.",
        examples=["1,2"],
    )
    disagreement: bool = Field(
        False, description="Add a picture of where the mask and the ground truth disagree."
    )
