"""Limits, each by real bytes: at it, below and above."""

import errno
import re

import httpx
import pytest
from starlette.datastructures import UploadFile

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import encode, picture
from tests.app.raw import connected, everything, head, parse
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
def test_bytes_of_a_body(make_client: MakeClient, size: int, status: int, declared: bool) -> None:
    client = make_client(max_upload_mb=LIMIT / 1_000_000)
    data = padded(size)
    chunks = (data[start : start + 777] for start in range(0, size, 777))
    answer = client.post("/segment", content=data if declared else chunks)
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["type"] == "urn:pleura:problem:body-too-large"
    assert client.post("/segment", content=encode(picture())).status_code == 200


def test_bytes_of_a_form(make_client: MakeClient) -> None:
    client = make_client(max_upload_mb=LIMIT / 1_000_000)
    assert client.post("/segment", files={"image": ("x", padded(LIMIT - 1000))}).status_code == 200
    assert client.post("/segment", files={"image": ("x", padded(LIMIT))}).status_code == 413


def test_a_length_that_lies_is_refused_before_a_byte_is_sent(make_client: MakeClient) -> None:
    client = make_client(max_upload_mb=1)
    with connected(client.port, head(length=10**15, extra="Expect: 100-continue\r\n")) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("length", ["1" * 19, "1" * 5000, "-1", "one", "\xb2"])
def test_a_length_that_is_none(shared_client: Service, length: str) -> None:
    sent = f"POST /segment HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    with connected(shared_client.port, sent.encode("latin-1")) as connection:
        assert re.match(rb"HTTP/1.1 (400|413) ", everything(connection))


FORM = 'Content-Type: multipart/form-data; boundary="b"\r\n'
PART = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n'


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"", 400, "bad-form"),
        (b"rubbish", 400, "bad-form"),
        (b"--b--\r\n", 422, "wrong-fields"),
        (PART + b"\r\nhalf an image", 400, "bad-form"),
        (PART + b"X-Long: " + b"x" * 5000 + b"\r\n\r\n", 400, "bad-form"),
        (PART + b"X-A: 1\r\n" * 20 + b"\r\n", 400, "bad-form"),
        (PART + b"\r\nx\r\n" + PART + b"\r\nx\r\n--b--\r\n", 422, "wrong-fields"),
        (
            b'--b\r\nContent-Disposition: form-data; name="threshold"\r\n\r\n1\r\n--b--\r\n',
            422,
            "wrong-fields",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\ntext\r\n--b--\r\n',
            422,
            "wrong-fields",
        ),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\ntext\r\n--b--\r\n", 400, "bad-form"),
        (PART + b"\r\nx" * 3_000_00 + b"\r\n--b--\r\n", 415, "unsupported-image"),
    ],
)
def test_forms_that_are_wrong(shared_client: Service, body: bytes, status: int, word: str) -> None:
    sent = head(length=len(body), extra=f"{FORM}Connection: close\r\n") + body
    with connected(shared_client.port, sent) as connection:
        answered, problem = parse(everything(connection))
    assert (answered, problem["type"]) == (status, f"urn:pleura:problem:{word}")


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'x' * 300}"])
def test_a_boundary_that_is_none(shared_client: Service, boundary: str) -> None:
    answer = shared_client.post(
        "/segment", content=b"--x", headers={"Content-Type": f"multipart/form-data{boundary}"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_does_not_arrive(make_client: MakeClient) -> None:
    client = make_client(upload_timeout_s=0.2)
    with connected(client.port, head(length=1000) + b"only this") as connection:
        status, problem = parse(everything(connection))
    assert status == 408
    assert problem["type"] == "urn:pleura:problem:upload-too-slow"
    assert uploads(client) == 0


def test_too_many_bodies_at_the_same_time(make_client: MakeClient) -> None:
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
def test_a_full_disk(shared_client: Service, monkeypatch: pytest.MonkeyPatch, form: bool) -> None:
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
def test_a_refused_upload_is_let_end(make_client: MakeClient, closing: bool) -> None:
    """Whoever writes its whole body before it reads still gets the answer; where the connection is kept, the next one too."""
    client = make_client(max_upload_mb=0.01)
    body = bytes(3_000_000)
    extra = "Connection: close\r\n" if closing else ""
    with connected(client.port, head(length=len(body), extra=extra) + body) as connection:
        if not closing:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = everything(connection)
    expected = [b"413"] if closing else [b"413", b"200"]
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == expected
