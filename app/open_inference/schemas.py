"""What goes over the wire in the Open Inference Protocol, as its specification names it:
https://github.com/kserve/open-inference-protocol, with the binary tensor data extension.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..options import Postprocess, Threshold

MODEL_NAME = "pleura"
INPUT_NAME = "image"
MAX_IMAGES = 16
"""Most images in one request."""

_STRICT = ConfigDict(strict=True, extra="forbid")


class Output(StrEnum):
    """The tensors that the model gives, one element or row for each image."""

    MASK = "mask"
    DOCUMENT = "document"
    PREDICTED_IOU = "predicted_iou"
    TRUSTED = "trusted"
    AREA_PX = "area_px"


class InferenceError(BaseModel):
    """An error, as the Open Inference Protocol tells it."""

    error: str = Field(description="What to do about it.", examples=["Try again in 2 seconds."])


class ServerLive(BaseModel):
    """The process answers."""

    live: Literal[True] = Field(True, description="The process answers.")


class ServerReady(BaseModel):
    """The model is loaded and warm, and the service is not stopping."""

    ready: Literal[True] = Field(True, description="Requests are served.")


class ModelReady(ServerReady):
    """The model is ready for requests."""

    name: Literal["pleura"] = Field("pleura", description="The model's name.")


class ServerMetadata(BaseModel):
    """What serves."""

    name: Literal["pleura"] = Field("pleura", description="The server's name.")
    version: str = Field(description="Pleura's version.", examples=["0.1.0"])
    extensions: list[str] = Field(
        description="Extensions of the protocol that are understood.", examples=[["binary_tensor_data"]]
    )


class TensorMetadata(BaseModel):
    """A tensor that the model takes or gives."""

    name: str = Field(description="The tensor's name.", examples=["image"])
    datatype: str = Field(description="Of its elements.", examples=["BYTES"])
    shape: list[int] = Field(description="Its dimensions; -1 is the number of images.", examples=[[-1]])


class ModelMetadata(BaseModel):
    """What the model takes and gives."""

    name: Literal["pleura"] = Field("pleura", description="The model's name.")
    versions: list[str] = Field(
        description="The one that is served: the first 12 digits of the weights' SHA-256.",
        examples=[["9f86d081884c"]],
    )
    platform: str = Field(
        description="What runs the network, and in which precision.", examples=["openvino-int8"]
    )
    inputs: list[TensorMetadata] = Field(description="The tensors that it takes.")
    outputs: list[TensorMetadata] = Field(description="The tensors that it gives.")


class InputParameters(BaseModel):
    """How an input tensor is sent."""

    model_config = _STRICT

    binary_data_size: int | None = Field(
        None,
        ge=0,
        description="Bytes of the tensor behind the JSON: each element with its length before it, 4 bytes, little-endian.",
        examples=[1004],
    )
    content_type: Literal["base64"] | None = Field(
        None, description="How `data` carries bytes; there is no other way."
    )


class RequestInput(BaseModel):
    """The images, as a tensor of BYTES."""

    model_config = _STRICT

    name: Literal["image"] = Field(description="The tensor's name.")
    shape: Annotated[list[Annotated[int, Field(ge=1, le=MAX_IMAGES)]], Field(min_length=1, max_length=1)] = (
        Field(description="The number of images.", examples=[[1]])
    )
    datatype: Literal["BYTES"] = Field(description="Files as they are: PNG, JPEG, TIFF, BMP, WebP or DICOM.")
    parameters: InputParameters = Field(
        default_factory=InputParameters, description="How the tensor is sent."
    )
    data: list[str] | None = Field(
        None,
        max_length=MAX_IMAGES,
        description="The files in base64; left out where they come behind the JSON.",
        examples=[["iVBORw0KGgo="]],
    )


class OutputParameters(BaseModel):
    """How an output tensor is wanted."""

    model_config = _STRICT

    binary_data: bool | None = Field(None, description="Behind the JSON instead of in it.")


class RequestOutput(BaseModel):
    """A tensor that is wanted."""

    model_config = _STRICT

    name: Literal["mask", "document", "predicted_iou", "trusted", "area_px"] = Field(
        description="The tensor's name."
    )
    parameters: OutputParameters = Field(
        default_factory=OutputParameters, description="How the tensor is wanted."
    )


class RequestParameters(BaseModel):
    """What may be asked of the model."""

    model_config = _STRICT

    threshold: Threshold = None
    postprocess: Postprocess = True
    binary_data_output: bool = Field(
        False, description="All outputs behind the JSON instead of in it, but for those that say otherwise."
    )
    priority: int | None = Field(None, description="Taken, as clients send it; it changes nothing.")
    timeout: int | None = Field(None, description="Taken, as clients send it; it changes nothing.")


class InferenceRequest(BaseModel):
    """Images to segment."""

    model_config = _STRICT

    id: str | None = Field(
        None, max_length=256, description="A name for the request; the answer has it too.", examples=["42"]
    )
    parameters: RequestParameters = Field(
        default_factory=RequestParameters, description="What is asked of the model."
    )
    inputs: list[RequestInput] = Field(min_length=1, max_length=1, description="The one tensor of images.")
    outputs: list[RequestOutput] | None = Field(
        None,
        min_length=1,
        max_length=len(Output),
        description="The tensors that are wanted; all if not given.",
    )


class ResultParameters(BaseModel):
    """How an output tensor is sent."""

    binary_data_size: int | None = Field(None, description="Bytes of the tensor behind the JSON.")
    content_type: Literal["base64"] | None = Field(None, description="`data` carries bytes in base64.")


class ResponseOutput(BaseModel):
    """A tensor of the answer."""

    name: str = Field(description="The tensor's name.", examples=["mask"])
    datatype: str = Field(description="Of its elements.", examples=["BYTES"])
    shape: list[int] = Field(description="Its dimensions: the number of images first.", examples=[[1]])
    parameters: ResultParameters | None = Field(None, description="How the tensor is sent.")
    data: list[str | float | int | bool | None] | None = Field(
        None,
        description="The elements, row by row; left out where they come behind the JSON.",
        examples=[["iVBORw0KGgo="]],
    )


class InferenceResponse(BaseModel):
    """The lungs in the images."""

    model_name: Literal["pleura"] = Field("pleura", description="The model's name.")
    model_version: str = Field(
        description="The first 12 digits of the weights' SHA-256.", examples=["9f86d081884c"]
    )
    id: str | None = Field(None, description="The request's.", examples=["42"])
    outputs: list[ResponseOutput] = Field(description="The tensors that were wanted.")
