"""HEAD wherever there is GET (RFC 9110, 9.1)."""

import logging
from pathlib import Path

import httpx
import pytest

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import FakeEngine
from tests.app.raw import connected, everything
from tests.app.waiting import wait_until

PATHS = [
    "/",
    "/docs",
    "/docs-assets/swagger-ui.css",
    "/healthz",
    "/metrics",
    "/model",
    "/openapi.json",
    "/readyz",
    "/samples/phantom.png",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/pleura",
    "/v2/models/pleura/ready",
    "/v2/models/pleura/versions/000000000000",
    "/web/main.js",
    "/web/nothing.js",
    "/nowhere",
]
CHANGING = {"x-request-id", "date", "last-modified", "etag"}


def headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in CHANGING}


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_the_body(shared_client: Service, path: str) -> None:
    get, head = shared_client.get(path), shared_client.head(path)
    assert head.status_code == get.status_code
    assert get.content
    assert head.content == b""
    given, expected = headers(head), headers(get)
    if path == "/metrics":
        # It counts the requests before it, so that its length changes.
        assert int(given.pop("content-length")) > 0
        expected.pop("content-length")
    assert given == expected


@pytest.mark.parametrize("path", ["/healthz", "/model", "/nowhere"])
def test_nothing_follows_the_headers_on_the_wire(shared_client: Service, path: str) -> None:
    request = (
        f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    with connected(shared_client.port, request.encode()) as connection:
        first, _, second = everything(connection).partition(b"\r\n\r\n")
    assert b"content-length: " in first.lower()
    assert second.startswith(b"HTTP/1.1 200 ")


def test_routes_without_get_reject_head(shared_client: Service) -> None:
    for path in ("/segment", "/evaluate", "/model/reload", "/v2/models/pleura/infer"):
        answer = shared_client.head(path)
        assert answer.status_code == 405, path
        assert answer.headers["allow"] == "POST"
        assert answer.content == b""


def test_allow_header_lists_head(shared_client: Service) -> None:
    for path in ("/healthz", "/model", "/v2/models/pleura"):
        assert shared_client.delete(path).headers["allow"] == "GET, HEAD"


def test_head_of_an_unready_service_is_503(make_client: MakeClient) -> None:
    engine = FakeEngine()
    engine.hold()
    client = make_client(engine, ready=False)
    answer = client.head("/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.content == b""


def test_head_needs_a_key_where_get_does(make_client: MakeClient) -> None:
    client = make_client(api_key="one")
    assert client.head("/model").status_code == 401
    assert client.head("/model", headers={"Authorization": "Bearer one"}).status_code == 200
    assert client.head("/healthz").status_code == 200


def test_logs_and_metrics_record_head(shared_client: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pleura"):
        shared_client.head("/model")
        wait_until(lambda: any(record.message == "request" for record in caplog.records))
    (line,) = [getattr(record, "fields", {}) for record in caplog.records if record.message == "request"]
    assert (line["method"], line["route"], line["status"]) == ("HEAD", "/model", 200)
    assert 'method="HEAD",route="/model",status="200"' in shared_client.get("/metrics").text


def test_field_request_is_answered(shared_client: Service, shared_field: Path) -> None:
    with connected(shared_client.port, (shared_field / "76-head.http").read_bytes()) as connection:
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")
