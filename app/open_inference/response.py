"""The writer of inference responses."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from .request import LENGTH_BYTES
from .schemas import (
    INPUT_NAME,
    InferenceRequest,
    InferenceResponse,
    Output,
    ResponseOutput,
    ResultParameters,
    TensorMetadata,
)
from .work import InferenceAnswer

INPUTS = [TensorMetadata(name=INPUT_NAME, datatype="BYTES", shape=[-1])]


@dataclass(frozen=True, slots=True)
class Texts:
    """An output tensor of BYTES.

    Attributes:
        of: Returns the element of an answer.
        base64: Whether JSON carries it in base64; else it is text.
        datatype: The protocol's name of the type.
        row: The shape of an element; empty for one per image.
    """

    of: Callable[[InferenceAnswer], bytes]
    base64: bool
    datatype: str = "BYTES"
    row: tuple[int, ...] = ()

    def json(self, answers: Sequence[InferenceAnswer]) -> list[str]:
        """Return the elements for JSON."""
        return [
            b64encode(one).decode("ascii") if self.base64 else one.decode() for one in map(self.of, answers)
        ]

    def binary(self, answers: Sequence[InferenceAnswer]) -> bytes:
        """Return the elements as bytes, each after its length."""
        return b"".join(len(one).to_bytes(LENGTH_BYTES, "little") + one for one in map(self.of, answers))


@dataclass(frozen=True, slots=True)
class Numbers:
    """An output tensor of numbers; unknown values are null in JSON, NaN in binary.

    Attributes:
        of: Returns the number of an answer, its row of numbers, or None.
        datatype: The protocol's name of the type.
        dtype: The same for NumPy, little-endian.
        row: The shape of an element; empty for one number per image.
    """

    of: Callable[[InferenceAnswer], float | tuple[int, ...] | None]
    datatype: str
    dtype: DTypeLike
    row: tuple[int, ...] = ()

    def json(self, answers: Sequence[InferenceAnswer]) -> list[float | int | bool | None]:
        """Return the elements for JSON, row by row."""
        rows = map(self.of, answers)
        return [value for row in rows for value in (row if isinstance(row, tuple) else (row,))]

    def binary(self, answers: Sequence[InferenceAnswer]) -> bytes:
        """Return the elements as bytes, row by row, little-endian."""
        return np.array(self.json(answers), self.dtype).tobytes()


TENSORS: dict[Output, Texts | Numbers] = {
    Output.MASK: Texts(lambda answer: answer.mask, base64=True),
    Output.DOCUMENT: Texts(lambda answer: answer.body, base64=False),
    Output.PREDICTED_IOU: Numbers(lambda answer: answer.quality.predicted_iou, "FP32", "<f4"),
    Output.TRUSTED: Numbers(lambda answer: answer.quality.trusted, "BOOL", "?"),
    Output.AREA_PX: Numbers(lambda answer: answer.area_px, "INT64", "<i8", (2,)),
}

OUTPUTS = [
    TensorMetadata(name=name, datatype=tensor.datatype, shape=[-1, *tensor.row])
    for name, tensor in TENSORS.items()
]


def wanted(request: InferenceRequest) -> dict[Output, bool]:
    """Return the requested outputs; the value says whether the tensor follows the JSON as binary."""
    everywhere = request.parameters.binary_data_output
    if request.outputs is None:
        return dict.fromkeys(Output, everywhere)
    asked = {Output(output.name): output.parameters.binary_data for output in request.outputs}
    return {name: everywhere if binary is None else binary for name, binary in asked.items()}


def write_response(request: InferenceRequest, answers: Sequence[InferenceAnswer]) -> tuple[bytes, int | None]:
    """Return the body of the response.

    Returns:
        The body, and the number of bytes of JSON in it; None: the whole body is JSON.
    """
    described: list[ResponseOutput] = []
    behind: list[bytes] = []
    for name, as_binary in wanted(request).items():
        tensor = TENSORS[name]
        output = ResponseOutput(name=name, datatype=tensor.datatype, shape=[len(answers), *tensor.row])
        if as_binary:
            behind.append(tensor.binary(answers))
            output.parameters = ResultParameters(binary_data_size=len(behind[-1]))
        else:
            output.data = list(tensor.json(answers))
            if isinstance(tensor, Texts) and tensor.base64:
                output.parameters = ResultParameters(content_type="base64")
        described.append(output)
    response = InferenceResponse(model_version=answers[0].version, id=request.id, outputs=described)
    text = response.model_dump_json(exclude_none=True).encode()
    return b"".join((text, *behind)), len(text) if behind else None
