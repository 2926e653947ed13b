"""The parser of inference requests."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, cast

from pydantic import ValidationError
from starlette.datastructures import UploadFile

from model.reading.sniff import HEAD, sniff

from ..errors import BadInferenceRequest, WrongTensors
from ..spool import contents, spooled
from .schemas import MAX_IMAGES, InferenceRequest

MAX_VALUES = 4096
"""The most values in a request's JSON; a valid request has few."""

LENGTH_BYTES = 4
"""The bytes of the length before each element of a BYTES tensor, little-endian."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """A parsed request and the bytes of its images; large images are memory-mapped from the disk."""

    request: InferenceRequest
    images: list[memoryview]


def read_inference(upload: UploadFile, *, json_bytes: int | None) -> Inference:
    """Parse a body. This blocks: do not call it on the event loop.

    Args:
        upload: The body.
        json_bytes: The number of bytes of JSON; tensors follow. None: the whole body is JSON.

    Raises:
        BadInferenceRequest: The body does not follow the protocol.
        WrongTensors: The tensors do not fit the model.
    """
    body = contents(upload)
    if json_bytes is not None and json_bytes > len(body):
        raise BadInferenceRequest(
            "Inference-Header-Content-Length is larger than the body. Send the whole body."
        )
    request = _parse(bytes(body[:json_bytes]))
    (tensor,) = request.inputs
    count, size, data = tensor.shape[0], tensor.parameters.binary_data_size, tensor.data
    if size is not None and json_bytes is not None and data is None:
        return Inference(request=request, images=_elements(body[json_bytes:], count=count, size=size))
    if size is not None or data is None:
        raise WrongTensors(
            "Send the images either in data, in base64, or behind the JSON, with binary_data_size and "
            "Inference-Header-Content-Length."
        )
    if json_bytes is not None and json_bytes < len(body):
        raise WrongTensors("Send nothing behind the JSON, or give the tensor's binary_data_size.")
    if len(data) != count:
        raise WrongTensors(f"The shape says {count} images, data has {len(data)}: make them agree.")
    # Free the base64 texts: the decoded images are on the disk if they are large.
    tensor.data = None
    return Inference(request=request, images=_decoded(data))


def _parse(text: bytes) -> InferenceRequest:
    # Each value but the first follows one of these characters, so this bounds the memory of the parser.
    if sum(map(text.count, (b",", b":", b"["))) > MAX_VALUES:
        raise BadInferenceRequest(
            f"The request's JSON has too many values: send up to {MAX_IMAGES} images, each as one string or "
            "behind the JSON."
        )
    try:
        return InferenceRequest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        message = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        if first["type"] == "json_invalid" and sniff(text[:HEAD]) is not None:
            raise BadInferenceRequest(
                "This is an image file. Send it to /segment, or in base64 in JSON."
            ) from None
        if first["type"] == "json_invalid":
            raise BadInferenceRequest(f"Send the request as JSON: {message}.") from None
        where = ".".join(map(str, first["loc"]))
        raise WrongTensors(
            f"{f'The field `{where}`' if where else 'The request'} is not valid: {message}."
        ) from None


def _elements(tensor: memoryview, *, count: int, size: int) -> list[memoryview]:
    """Return the elements of the BYTES tensor that follows the JSON."""
    if size != len(tensor):
        raise BadInferenceRequest(
            f"binary_data_size is {size}, {len(tensor)} bytes are behind the JSON: make them agree."
        )
    images = list(_split(tensor))
    if len(images) != count:
        raise WrongTensors(f"The shape says {count} images, the tensor has {len(images)}: make them agree.")
    return images


def _split(tensor: memoryview) -> Iterator[memoryview]:
    start = found = 0
    while start < len(tensor):
        data = start + LENGTH_BYTES
        end = data + int.from_bytes(tensor[start:data], "little")
        if end > len(tensor):
            raise BadInferenceRequest(
                "The tensor is incomplete. Put each element's length before it, in 4 bytes."
            )
        found += 1
        if found > MAX_IMAGES:
            raise WrongTensors(f"Send at most {MAX_IMAGES} images in one request.")
        yield tensor[data:end]
        start = end


def _decoded(texts: list[str]) -> list[memoryview]:
    ends = [0]
    with spooled() as file:
        for number, text in enumerate(texts, start=1):
            try:
                ends.append(ends[-1] + file.write(b64decode(text, validate=True)))
            except (Base64Error, ValueError):
                raise WrongTensors(
                    f"Element {number} of data is not base64: send the file in base64."
                ) from None
        file.flush()
        everything = contents(UploadFile(cast(BinaryIO, file), size=ends[-1]))
    return [everything[start:end] for start, end in pairwise(ends)]
