"""Uploads: limits at, below and above the exact number of bytes, and invalid forms."""

import errno
import gzip
import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import UploadFile

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import dicom, encode, picture, truth
from tests.app.raw import connected, everything, head, in_full, parse
from tests.app.waiting import wait_until

LIMIT = 20_000


def padded(size: int) -> bytes:
    """A PNG with so much behind it that it has ``size`` bytes."""
    data = encode(picture())
    return data + bytes(size - len(data))


def uploads(client: Service) -> float:
    line = next(
        line for line in client.get("/metrics").text.splitlines() if line.startswith("pleura_uploads ")
    )
    return float(line.split()[1])


@pytest.mark.parametrize(("size", "status"), [(LIMIT - 1, 200), (LIMIT, 200), (LIMIT + 1, 413)])
@pytest.mark.parametrize("declared", [True, False])
def test_size_limit_of_a_body_is_exact(
    make_client: MakeClient, size: int, status: int, declared: bool
) -> None:
    client = make_client(max_upload_mb=LIMIT / 1_000_000)
    data = padded(size)
    chunks = (data[start : start + 777] for start in range(0, size, 777))
    answer = client.post("/segment", content=data if declared else chunks)
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["type"] == "urn:pleura:problem:body-too-large"
    assert client.post("/segment", content=encode(picture())).status_code == 200


def test_size_limit_of_a_form_is_exact(make_client: MakeClient) -> None:
    client = make_client(max_upload_mb=LIMIT / 1_000_000)
    assert client.post("/segment", files={"image": ("x", padded(LIMIT - 1000))}).status_code == 200
    assert client.post("/segment", files={"image": ("x", padded(LIMIT))}).status_code == 413


def test_too_large_declared_length_is_rejected_before_the_body(make_client: MakeClient) -> None:
    client = make_client(max_upload_mb=1)
    with connected(client.port, head(length=10**15, extra="Expect: 100-continue\r\n")) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("length", ["1" * 19, "1" * 5000, "-1", "one", "\xb2"])
def test_invalid_length_is_rejected(shared_client: Service, length: str) -> None:
    sent = f"POST /segment HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    with connected(shared_client.port, sent.encode("latin-1")) as connection:
        assert re.match(rb"HTTP/1.1 (400|413) ", everything(connection))


FORM = 'Content-Type: multipart/form-data; boundary="b"\r\n'
PART = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n'
END = b"\r\n--b--\r\n"


def post(service: Service, body: bytes, *, path: str = "/segment", extra: str = FORM) -> tuple[int, Any]:
    sent = head(path, length=len(body), extra=f"{extra}Connection: close\r\n") + body
    with connected(service.port, sent) as connection:
        return parse(in_full(connection))


def part(headers: str, content: bytes) -> bytes:
    return b"--b\r\n" + headers.encode() + b"\r\n\r\n" + content


@pytest.mark.parametrize(
    "headers",
    [
        'Content-Disposition: form-data; name="image"; filename="x.png"',
        'Content-Disposition: form-data; name="image"\r\nContent-Type: image/png',
        'Content-Disposition: form-data; name="image"\r\nContent-Type: application/octet-stream',
        'Content-Disposition: form-data; name="image"\r\nContent-Type: text/plain',
        'Content-Disposition: form-data; name="image"',
        "Content-Disposition: form-data; name=image",
        "content-disposition: form-data; name=\"image\"; filename*=UTF-8''Thorax%20%C3%A4.png",
        "Content-Disposition: form-data; name=\"image\"; filename*=iso-8859-1'en'%A3.png\r\nContent-Type: "
        "image/png",
        'Content-Type: image/png\r\nContent-Disposition: form-data; filename=""; name="image"',
        'Content-Disposition: form-data; name="image"\r\nContent-Transfer-Encoding: binary',
    ],
)
def test_form_part_is_identified_by_its_name(shared_client: Service, headers: str) -> None:
    """With a filename, with that of RFC 8187, or with none."""
    status, document = post(shared_client, part(headers, encode(picture())) + END)
    assert status == 200, document
    assert document["lungs"]["right"]["area_px"] == 640


def test_dicom_part_without_a_filename_is_read(shared_client: Service) -> None:
    headers = 'Content-Disposition: form-data; name="image"\r\nContent-Type: application/dicom'
    status, document = post(shared_client, part(headers, dicom(picture())) + END)
    assert (status, document["image"]["format"]) == (200, "dicom")


def test_large_part_without_a_filename_is_spooled_to_disk(shared_client: Service) -> None:
    content = encode(picture()) + bytes(3_000_000)
    status, document = post(
        shared_client, part('Content-Disposition: form-data; name="image"', content) + END
    )
    assert status == 200, document


def test_evaluation_parts_without_filenames_are_read(shared_client: Service) -> None:
    mask = part('Content-Disposition: form-data; name="mask"', encode(truth()))
    image = part('Content-Disposition: form-data; name="image"', encode(picture()))
    status, document = post(shared_client, mask + b"\r\n" + image + END, path="/evaluate")
    assert status == 200, document
    assert document["metrics"]["iou"] == 1


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_form_in_small_pieces_is_read(shared_client: Service, size: int) -> None:
    body = PART + b"\r\n" + encode(picture()) + END
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    answer = shared_client.post(
        "/segment", content=pieces, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("body", "status", "word", "told"),
    [
        (b"", 400, "bad-form", "is incomplete"),
        (b"rubbish", 400, "bad-form", "damaged"),
        (b"--b--\r\n", 422, "wrong-fields", "no file named `image`"),
        (PART + b"\r\nhalf an image", 400, "bad-form", "is incomplete"),
        (PART + b"X-Long: " + b"x" * 5000 + b"\r\n\r\n", 400, "bad-form", "damaged"),
        (PART + b"X-A: 1\r\n" * 20 + b"\r\n", 400, "bad-form", "damaged"),
        (PART + b"\r\nx\r\n" + PART + b"\r\nx" + END, 422, "wrong-fields", "`image` twice"),
        (
            part('Content-Disposition: form-data; name="threshold"', b"1") + END,
            422,
            "wrong-fields",
            "Unexpected form field `threshold`. Send exactly one file named `image`; pass options in the "
            "query string.",
        ),
        (
            part('Content-Disposition: form-data; name="file"; filename="x.png"', b"1") + END,
            422,
            "wrong-fields",
            "Unexpected form field `file`",
        ),
        (
            part('Content-Disposition: form-data; name="DOE^JANE 1970"', b"1") + END,
            422,
            "wrong-fields",
            "Unexpected form field. Send exactly",
        ),
        (
            part('Content-Disposition: form-data; name="image"', b"phantom.png") + END,
            422,
            "wrong-fields",
            "The form field `image` is text",
        ),
        (
            part('Content-Disposition: form-data; name="image"', encode(picture())[:100]) + END,
            400,
            "unreadable-image",
            "",
        ),
        (part('Content-Disposition: form-data; name="image"', b"") + END, 400, "unreadable-image", "empty"),
        (part("Content-Disposition: form-data", b"text") + END, 400, "bad-form", "has no name"),
        (part("Content-Type: image/png", b"text") + END, 400, "bad-form", "has no name"),
        (
            PART + b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(encode(picture())) + END,
            400,
            "bad-form",
            "Content-Transfer-Encoding",
        ),
        (PART + b"\r\nx" * 3_000_00 + END, 415, "unsupported-image", ""),
    ],
)
def test_invalid_forms_are_rejected(
    shared_client: Service, body: bytes, status: int, word: str, told: str
) -> None:
    answered, problem = post(shared_client, body)
    assert (answered, problem["type"]) == (status, f"urn:pleura:problem:{word}")
    assert told in problem["detail"]
    assert "DOE" not in str(problem)


def test_missing_part_of_an_evaluation_is_named(shared_client: Service) -> None:
    answer = shared_client.post("/evaluate", files={"image": ("x", encode(picture()))})
    assert answer.json()["detail"] == (
        "The form has no file named `mask`. Send exactly one file named `image` and one named `mask`; pass "
        "options in the query string."
    )


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'x' * 300}"])
def test_invalid_boundary_is_rejected(shared_client: Service, boundary: str) -> None:
    answer = shared_client.post(
        "/segment", content=b"--x", headers={"Content-Type": f"multipart/form-data{boundary}"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


INFER = {
    "inputs": [
        {"name": "image", "shape": [1], "datatype": "BYTES", "data": [b64encode(encode(picture())).decode()]}
    ]
}
BODIES: dict[str, dict[str, Any]] = {
    "/segment": {"content": encode(picture())},
    "/segment.png": {"files": {"image": ("x", encode(picture()))}},
    "/segment.dcm": {"content": dicom(picture())},
    "/evaluate": {"files": {"image": ("x", encode(picture())), "mask": ("x", encode(truth()))}},
    "/v2/models/pleura/infer": {"json": INFER},
    "/v2/models/pleura/versions/000000000000/infer": {"json": INFER},
}


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "br", "deflate", "identity, gzip", "rubbish"])
def test_compressed_body_is_rejected_with_its_encoding(
    shared_client: Service, path: str, encoding: str
) -> None:
    answer = shared_client.post(path, **BODIES[path], headers={"Content-Encoding": encoding})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "identity"
    assert "Content-Encoding" in answer.text
    if not path.startswith("/v2"):
        assert answer.json()["type"] == "urn:pleura:problem:encoded-body"


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("encoding", ["identity", "Identity", "identity, identity", ""])
def test_identity_encoding_is_accepted(shared_client: Service, path: str, encoding: str) -> None:
    answer = shared_client.post(path, **BODIES[path], headers={"Content-Encoding": encoding})
    assert answer.status_code == 200, answer.text


def test_encoding_in_a_second_header_line_is_rejected(shared_client: Service) -> None:
    lines = [("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    answer = shared_client.post("/segment", content=gzip.compress(encode(picture())), headers=lines)
    assert answer.status_code == 415


IN_BASE64 = b64encode(encode(picture()))
JSON = json.dumps({"image": IN_BASE64.decode()}).encode()
JSON_TYPE = {"Content-Type": "application/json"}
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("path", ["/segment", "/segment.png", "/segment.dcm"])
@pytest.mark.parametrize(
    ("content", "headers", "told"),
    [
        (JSON, JSON_TYPE, "This is JSON"),
        (JSON, {"Content-Type": "application/vnd.example+json; charset=utf-8"}, "This is JSON"),
        (JSON, {}, "This is JSON"),
        (b'  [{"image": 1}]', {}, "This is JSON"),
        (b'"text"', JSON_TYPE, "This is JSON"),
        (IN_BASE64, {"Content-Type": "image/png"}, "in base64"),
        (b"data:image/png;base64," + IN_BASE64, {}, "in base64"),
        (b64encode(dicom(picture())), {}, "in base64"),
        (b"image=" + IN_BASE64, URLENCODED, "multipart/form-data"),
    ],
)
def test_body_that_is_not_an_image_is_named(
    shared_client: Service, path: str, content: bytes, headers: dict[str, str], told: str
) -> None:
    answer = shared_client.post(path, content=content, headers=headers)
    assert answer.status_code == 415
    assert answer.json()["type"] == "urn:pleura:problem:unsupported-image"
    assert told in answer.json()["detail"]
    if told != "multipart/form-data":
        assert "/v2/models/pleura/infer" in answer.json()["detail"]


def test_base64_in_a_form_field_is_named(shared_client: Service) -> None:
    for content in (IN_BASE64, b"data:image/png;base64," + IN_BASE64):
        status, problem = post(
            shared_client, part('Content-Disposition: form-data; name="image"', content) + END
        )
        assert (status, problem["type"]) == (415, "urn:pleura:problem:unsupported-image")
        assert "base64" in problem["detail"]


def test_json_is_rejected_for_an_evaluation(shared_client: Service) -> None:
    answer = shared_client.post("/evaluate", content=JSON, headers=JSON_TYPE)
    assert answer.status_code == 415
    assert "multipart/form-data" in answer.json()["detail"]


def test_image_is_read_whatever_its_declared_type(shared_client: Service) -> None:
    for headers in (JSON_TYPE, URLENCODED):
        assert shared_client.post("/segment", content=encode(picture()), headers=headers).status_code == 200


def test_image_is_rejected_as_an_inference_request(shared_client: Service) -> None:
    answer = shared_client.post("/v2/models/pleura/infer", content=encode(picture()))
    assert answer.status_code == 400
    assert "/segment" in answer.json()["error"]


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("77-part-without-filename.http", 200, ""),
        ("79-json-base64.http", 415, "/v2/models/pleura/infer"),
        ("82-gzip-body.http", 415, "Content-Encoding"),
    ],
)
def test_field_requests_are_answered(
    shared_client: Service, shared_field: Path, name: str, status: int, told: str
) -> None:
    with connected(shared_client.port, (shared_field / name).read_bytes()) as connection:
        answered, document = parse(in_full(connection))
    assert answered == status
    assert told in str(document)


def test_body_that_does_not_arrive_times_out(make_client: MakeClient) -> None:
    client = make_client(upload_timeout_s=0.2)
    with connected(client.port, head(length=1000) + b"only this") as connection:
        status, problem = parse(everything(connection))
    assert status == 408
    assert problem["type"] == "urn:pleura:problem:upload-too-slow"
    assert uploads(client) == 0


def test_too_many_concurrent_uploads_are_rejected(make_client: MakeClient) -> None:
    client = make_client(max_uploads=2)
    half = head(length=1000) + b"half"
    with connected(client.port, half) as one, connected(client.port, half):
        wait_until(lambda: uploads(client) == 2)
        answer = client.post("/segment", content=encode(picture()))
        assert answer.status_code == 429
        assert answer.headers["retry-after"]
        assert answer.json()["type"] == "urn:pleura:problem:too-many-uploads"
        one.close()
        wait_until(lambda: uploads(client) == 1)
        assert client.post("/segment", content=encode(picture())).status_code == 200
    wait_until(lambda: uploads(client) == 0)


@pytest.mark.parametrize("form", [True, False])
def test_full_disk_is_answered_with_507(
    shared_client: Service, monkeypatch: pytest.MonkeyPatch, form: bool
) -> None:
    async def full(self: UploadFile, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def post() -> httpx.Response:
        data = encode(picture())
        if form:
            return shared_client.post("/segment", files={"image": ("x", data)})
        return shared_client.post("/segment", content=data)

    with monkeypatch.context() as patch:
        patch.setattr(UploadFile, "write", full)
        answer = post()
    assert answer.status_code == 507
    assert answer.json()["type"] == "urn:pleura:problem:spool-full"
    assert post().status_code == 200


@pytest.mark.parametrize("closing", [True, False])
def test_rest_of_a_rejected_upload_is_read(make_client: MakeClient, closing: bool) -> None:
    """A client that writes its whole body before it reads gets this answer and the next."""
    client = make_client(max_upload_mb=0.01)
    body = bytes(3_000_000)
    extra = "Connection: close\r\n" if closing else ""
    with connected(client.port, head(length=len(body), extra=extra) + body) as connection:
        if not closing:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = in_full(connection)
    expected = [b"413"] if closing else [b"413", b"200"]
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == expected
