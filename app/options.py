"""The query parameters of the endpoints."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from model.ground_truth import LUNG_VALUES

Threshold = Annotated[
    float | None,
    Field(
        ge=0,
        le=1,
        description="Probability from which a pixel is lung. Default: the checkpoint's threshold.",
        examples=[0.5],
    ),
]

Postprocess = Annotated[
    bool,
    Field(description="Keep at most the two largest components and fill holes; false gives the raw mask."),
]


class Render(StrEnum):
    """The content of an ``image/png`` answer."""

    MASK = "mask"
    OVERLAY = "overlay"
    RADIOGRAPH = "radiograph"
    PROBABILITY = "probability"


class MaskEncoding(StrEnum):
    """The encoding of the mask in JSON."""

    PNG = "png"
    RLE = "rle"
    POLYGONS = "polygons"
    GEOJSON = "geojson"
    NONE = "none"


class SegType(StrEnum):
    """The type of a DICOM SEG."""

    BINARY = "binary"
    LABELMAP = "labelmap"


class DicomForm(StrEnum):
    """DICOM objects that a mask is written as."""

    SEG = "seg"
    SC = "sc"
    SC_OUTLINES = "sc-outlines"
    GSPS = "gsps"
    SR = "sr"


class CorrectedForm(StrEnum):
    """DICOM objects that a corrected mask is written as."""

    SEG = "seg"
    GSPS = "gsps"


Dicom = Annotated[
    DicomForm,
    Field(
        description="The object of an application/dicom answer: a segmentation (SEG), a secondary capture "
        "with the outlines and a text (SC), the same without text, a presentation state (GSPS) or a "
        "structured report (SR, TID 1500). The parameter of the same name in Accept comes first."
    ),
]

Seg = Annotated[
    SegType,
    Field(
        description="Type of an application/dicom answer: one 1-bit frame per lung, or a label map, which "
        "few programs read yet."
    ),
]


class MaskOptions(BaseModel):
    """Options of the segmentation."""

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
        description="What an image/png answer shows: the mask, the radiograph with the outlines of the "
        "lungs, the radiograph alone, or the network's probability of lung (255 is 1) before "
        "post-processing.",
    )


class SegmentOptions(PictureOptions):
    """The query of ``/segment``."""

    mask: MaskEncoding = Field(
        MaskEncoding.PNG,
        description="Encoding of the mask in the JSON document: 1-bit PNG in base64, COCO run lengths, "
        "COCO polygons, the outlines of each lung as GeoJSON, or none.",
    )
    form: Dicom = DicomForm.SEG
    seg: Seg = SegType.BINARY


class EvaluateOptions(SegmentOptions):
    """The query of ``/evaluate``."""

    resize: bool = Field(
        False,
        description="Resize a ground truth of another size to the image's size (nearest neighbour) instead "
        "of rejecting it.",
    )
    lung_values: str | None = Field(
        None,
        pattern=LUNG_VALUES,
        description="Values of the ground truth that are lung, separated by commas: stored values, palette "
        "indices, or segment numbers of a DICOM SEG. Default: all that is not background.",
        examples=["1,2"],
    )
    disagreement: bool = Field(
        False, description="Add an image that shows where the mask and the ground truth disagree."
    )
