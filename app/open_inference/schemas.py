"""The schemas of the Open Inference Protocol, with the names of its specification.

See https://github.com/kserve/open-inference-protocol; the binary tensor data extension is included.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..options import Postprocess, Threshold

MODEL_NAME = "pleura"
INPUT_NAME = "image"
MAX_IMAGES = 16
"""The most images in one request."""

_STRICT = ConfigDict(strict=True, extra="forbid")


class Output(StrEnum):
    """The model's output tensors, with one element or row per image."""

    MASK = "mask"
    DOCUMENT = "document"
    PREDICTED_IOU = "predicted_iou"
    TRUSTED = "trusted"
    AREA_PX = "area_px"


class InferenceError(BaseModel):
    """An error of the Open Inference Protocol."""

    error: str = Field(description="What is wrong, and what to do.", examples=["Try again in 2 seconds."])


class ServerLive(BaseModel):
    """The process is alive."""

    live: Literal[True] = Field(True, description="The process is alive.")


class ServerReady(BaseModel):
    """The model is loaded and warm, and the service is not stopping."""

    ready: Literal[True] = Field(True, description="Requests are served.")


class ModelReady(ServerReady):
    """The model is ready for requests."""

    name: Literal["pleura"] = Field("pleura", description="The model's name.")


class ServerMetadata(BaseModel):
    """The server's name, version and extensions."""

    name: Literal["pleura"] = Field("pleura", description="The server's name.")
    version: str = Field(description="Pleura's version.", examples=["0.1.0"])
    extensions: list[str] = Field(
        description="The supported extensions of the protocol.", examples=[["binary_tensor_data"]]
    )


class TensorMetadata(BaseModel):
    """An input or output tensor of the model."""

    name: str = Field(description="The tensor's name.", examples=["image"])
    datatype: str = Field(description="The type of the elements.", examples=["BYTES"])
    shape: list[int] = Field(description="The dimensions; -1 is the number of images.", examples=[[-1]])


class ModelMetadata(BaseModel):
    """The model's versions, inputs and outputs."""

    name: Literal["pleura"] = Field("pleura", description="The model's name.")
    versions: list[str] = Field(
        description="The served version: the first 12 digits of the weights' SHA-256.",
        examples=[["9f86d081884c"]],
    )
    platform: str = Field(
        description="The engine that runs the network, and its precision.", examples=["openvino-int8"]
    )
    inputs: list[TensorMetadata] = Field(description="The input tensors.")
    outputs: list[TensorMetadata] = Field(description="The output tensors.")


class InputParameters(BaseModel):
    """The encoding of an input tensor."""

    model_config = _STRICT

    binary_data_size: int | None = Field(
        None,
        ge=0,
        description="The bytes of the tensor after the JSON: each element after its length in 4 bytes, "
        "little-endian.",
        examples=[1004],
    )
    content_type: Literal["base64"] | None = Field(
        None, description="The encoding of `data`; only base64 is supported."
    )


class RequestInput(BaseModel):
    """The images, as a tensor of BYTES."""

    model_config = _STRICT

    name: Literal["image"] = Field(description="The tensor's name.")
    shape: Annotated[list[Annotated[int, Field(ge=1, le=MAX_IMAGES)]], Field(min_length=1, max_length=1)] = (
        Field(description="The number of images.", examples=[[1]])
    )
    datatype: Literal["BYTES"] = Field(description="Image files: PNG, JPEG, TIFF, BMP, WebP or DICOM.")
    parameters: InputParameters = Field(
        default_factory=InputParameters, description="The encoding of the tensor."
    )
    data: list[str] | None = Field(
        None,
        max_length=MAX_IMAGES,
        description="The files in base64; omitted if they follow the JSON.",
        examples=[["iVBORw0KGgo="]],
    )


class OutputParameters(BaseModel):
    """The requested encoding of an output tensor."""

    model_config = _STRICT

    binary_data: bool | None = Field(None, description="Whether the tensor follows the JSON as binary.")


class RequestOutput(BaseModel):
    """A requested output tensor."""

    model_config = _STRICT

    name: Literal["mask", "document", "predicted_iou", "trusted", "area_px"] = Field(
        description="The tensor's name."
    )
    parameters: OutputParameters = Field(
        default_factory=OutputParameters, description="The requested encoding."
    )


class RequestParameters(BaseModel):
    """The parameters of a request."""

    model_config = _STRICT

    threshold: Threshold = None
    postprocess: Postprocess = True
    binary_data_output: bool = Field(
        False, description="Whether outputs follow the JSON as binary, unless an output says otherwise."
    )
    priority: int | None = Field(None, description="Accepted for compatibility and ignored.")
    timeout: int | None = Field(None, description="Accepted for compatibility and ignored.")


class InferenceRequest(BaseModel):
    """Images to segment."""

    model_config = _STRICT

    id: str | None = Field(
        None, max_length=256, description="A name for the request, repeated in the answer.", examples=["42"]
    )
    parameters: RequestParameters = Field(
        default_factory=RequestParameters, description="The parameters of the request."
    )
    inputs: list[RequestInput] = Field(min_length=1, max_length=1, description="The tensor of images.")
    outputs: list[RequestOutput] | None = Field(
        None,
        min_length=1,
        max_length=len(Output),
        description="The requested tensors. Default: all.",
    )


class ResultParameters(BaseModel):
    """The encoding of an output tensor."""

    binary_data_size: int | None = Field(None, description="The bytes of the tensor after the JSON.")
    content_type: Literal["base64"] | None = Field(None, description="The encoding of `data`.")


class ResponseOutput(BaseModel):
    """An output tensor."""

    name: str = Field(description="The tensor's name.", examples=["mask"])
    datatype: str = Field(description="The type of the elements.", examples=["BYTES"])
    shape: list[int] = Field(description="The dimensions: the number of images first.", examples=[[1]])
    parameters: ResultParameters | None = Field(None, description="The encoding of the tensor.")
    data: list[str | float | int | bool | None] | None = Field(
        None,
        description="The elements, row by row; omitted if they follow the JSON.",
        examples=[["iVBORw0KGgo="]],
    )


class InferenceResponse(BaseModel):
    """The lungs in the images."""

    model_name: Literal["pleura"] = Field("pleura", description="The model's name.")
    model_version: str = Field(
        description="The first 12 digits of the weights' SHA-256.", examples=["9f86d081884c"]
    )
    id: str | None = Field(None, description="The id of the request.", examples=["42"])
    outputs: list[ResponseOutput] = Field(description="The requested tensors.")
