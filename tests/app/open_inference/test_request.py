import json
import tracemalloc
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from starlette.datastructures import UploadFile

from app.errors import BadInferenceRequest, WrongTensors
from app.open_inference.request import MAX_VALUES, Inference, read_inference
from app.open_inference.schemas import MAX_IMAGES


def image(**changed: Any) -> dict[str, Any]:
    """The tensor of one image, in JSON."""
    tensor = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [b64encode(b"file").decode()]}
    return {name: value for name, value in (tensor | changed).items() if value is not None}


def request(tensor: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"inputs": [tensor]} | more).encode()


def element(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def read(text: bytes, behind: bytes | None = None) -> Inference:
    body = text + (behind or b"")
    return read_inference(UploadFile(BytesIO(body)), json_bytes=None if behind is None else len(text))


def behind(*files: bytes, **changed: Any) -> Inference:
    """Reads a request with these files behind the JSON."""
    tensor = b"".join(map(element, files))
    described = {"shape": [len(files)], "data": None, "parameters": {"binary_data_size": len(tensor)}}
    return read(request(image(**described | changed)), tensor)


def test_files_in_base64() -> None:
    files = [b"one", b"", bytes(1000)]
    inference = read(request(image(shape=[3], data=[b64encode(file).decode() for file in files])))
    assert list(map(bytes, inference.images)) == files


def test_base64_with_content_type_and_escaped_slashes_is_read() -> None:
    tensor = image(data=[b64encode(b"\xff" * 9).decode()], parameters={"content_type": "base64"})
    inference = read(request(tensor).replace(b"/", rb"\/"))
    assert list(map(bytes, inference.images)) == [b"\xff" * 9]


def test_binary_files_after_the_json_are_read() -> None:
    files = [b"one\0", b"", bytes(1000)]
    assert list(map(bytes, behind(*files).images)) == files


def test_large_files_in_base64() -> None:
    files = [bytes([number]) * 700_000 for number in range(3)]
    inference = read(request(image(shape=[3], data=[b64encode(file).decode() for file in files])))
    assert list(map(bytes, inference.images)) == files


def test_requested_outputs_and_parameters_are_read() -> None:
    more = {
        "id": "7",
        "parameters": {"threshold": 1, "timeout": 5},
        "outputs": [{"name": "mask", "parameters": {"binary_data": True}}],
    }
    asked = read(request(image(), **more)).request
    assert (asked.id, asked.parameters.threshold, asked.parameters.postprocess) == ("7", 1.0, True)
    assert asked.outputs is not None
    assert [(output.name, output.parameters.binary_data) for output in asked.outputs] == [("mask", True)]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        request(image()) + b"x",
        b"[" * 500,
        b'{"id": "\\ud800"}',
        b'{"inputs": ' + b"9" * 10_000 + b"}",
    ],
    ids=["empty", "broken-off", "not-utf-8", "more-behind", "nested", "lone-surrogate", "huge-number"],
)
def test_body_that_is_not_json_is_rejected(text: bytes) -> None:
    with pytest.raises(BadInferenceRequest, match="Send the request as JSON"):
        read(text)


@pytest.mark.parametrize("part", [b"{},", b"[],", b'"",', b"1,", b"[[", b'{"":'])
def test_json_with_too_many_values_is_rejected_before_parsing(part: bytes) -> None:
    text = b'{"inputs": [' + part * 1_000_000
    body = UploadFile(BytesIO(text))
    tracemalloc.start()
    try:
        with pytest.raises(BadInferenceRequest, match="too many values"):
            read_inference(body, json_bytes=None)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(text) + 1_000_000
    finally:
        tracemalloc.stop()


def test_largest_valid_request_stays_below_the_limit_of_values() -> None:
    text = request(image(shape=[MAX_IMAGES], data=[""] * MAX_IMAGES))
    assert len(read(text).images) == MAX_IMAGES
    assert sum(map(text.count, (b",", b":", b"["))) < MAX_VALUES / 10


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (image(name="x-ray"), "inputs.0.name"),
        (image(datatype="UINT8"), "inputs.0.datatype"),
        (image(shape=[]), "inputs.0.shape"),
        (image(shape=[1, 1]), "inputs.0.shape"),
        (image(shape=[0]), "inputs.0.shape"),
        (image(shape=[MAX_IMAGES + 1]), "inputs.0.shape"),
        (image(shape=["1"]), "inputs.0.shape"),
        (image(shape=[2]), "The shape says 2 images, data has 1"),
        (image(data=None), "Send the images either in data"),
        (image(parameters={"binary_data_size": 8}), "Send the images either in data"),
        (image(parameters={"shared_memory_region": "r"}), "shared_memory_region"),
        (image(data=["a file"]), "Element 1 of data is not base64"),
        (image(data=["é"]), "Element 1 of data is not base64"),
        (image(data=[1]), "inputs.0.data.0"),
        (image(data=[["YQ=="]]), "inputs.0.data.0"),
    ],
)
def test_wrong_tensors_are_rejected(tensor: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongTensors, match=sentence):
        read(request(tensor))


@pytest.mark.parametrize(
    "more",
    [
        {"parameters": {"treshold": 0.5}},
        {"parameters": {"threshold": 1.5}},
        {"parameters": {"sequence_id": 3}},
        {"outputs": [{"name": "masks"}]},
        {"outputs": []},
        {"outputs": [{"name": "mask", "parameters": {"classification": 3}}]},
        {"id": 7},
        {"inputs": []},
        {"inputs": [image(), image()]},
        {"raw_input_contents": []},
    ],
)
def test_wrong_requests_are_rejected(more: dict[str, Any]) -> None:
    with pytest.raises(WrongTensors, match="is not valid: "):
        read(request(image(), **more))


def test_errors_do_not_repeat_the_request() -> None:
    with pytest.raises(WrongTensors) as caught:
        read(request(image(name="DOE^JANE")))
    assert "DOE" not in str(caught.value)


def test_wrong_length_of_the_json_is_rejected() -> None:
    with pytest.raises(BadInferenceRequest, match="Send the whole body"):
        read_inference(UploadFile(BytesIO(b"{}")), json_bytes=3)
    with pytest.raises(WrongTensors, match="Send nothing behind the JSON"):
        read(request(image()), b"more")


@pytest.mark.parametrize("size", [0, 7, 9, 2**60])
def test_wrong_size_of_a_binary_tensor_is_rejected(size: int) -> None:
    with pytest.raises(BadInferenceRequest, match="make them agree"):
        behind(b"file", parameters={"binary_data_size": size})


@pytest.mark.parametrize(
    "tensor", [b"\0", b"\0\0\0", b"\5\0\0\0file", b"\xff\xff\xff\xfffile", element(b"") + b"\1"]
)
def test_incomplete_tensor_is_rejected(tensor: bytes) -> None:
    described = image(data=None, parameters={"binary_data_size": len(tensor)})
    with pytest.raises(BadInferenceRequest, match="is incomplete"):
        read(request(described), tensor)


def test_number_of_images_that_differs_from_the_shape_is_rejected() -> None:
    with pytest.raises(WrongTensors, match="The shape says 1 images, the tensor has 2"):
        behind(b"one", b"two", shape=[1])
    with pytest.raises(WrongTensors, match=f"at most {MAX_IMAGES}"):
        behind(*[b""] * (MAX_IMAGES + 1), shape=[1])


def test_missing_image_after_the_json_is_rejected() -> None:
    with pytest.raises(WrongTensors, match="the tensor has 0"):
        behind(shape=[1])


def test_data_both_in_and_after_the_json_are_rejected() -> None:
    with pytest.raises(WrongTensors, match="Send the images either in data"):
        behind(b"file", data=["YQ=="])
