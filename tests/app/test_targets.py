"""Request targets (RFC 9112, 3.2)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.targets import Targets
from tests.app.conftest import Service
from tests.app.fakes import encode, picture
from tests.app.raw import connected, everything, parse


def ask(service: Service, target: str, *, method: str = "GET", body: bytes = b"") -> bytes:
    request = f"{method} {target} HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n"
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    with connected(service.port, f"{request}{length}\r\n".encode() + body) as connection:
        return everything(connection)


@pytest.mark.parametrize(
    "target",
    [
        "/healthz",
        "http://pleura.example/healthz",
        "http://pleura.example:8000/healthz",
        "HTTP://PLEURA.EXAMPLE/healthz",
        "https://pleura.example/healthz",
        "http://[::1]:8000/healthz",
        "http://pleura.example/healthz?probe=http://x/",
        "http://pleura.example/%68ealthz",
    ],
)
def test_absolute_target_is_read_as_its_path(shared_client: Service, target: str) -> None:
    status, document = parse(ask(shared_client, target))
    assert (status, document) == (200, {"status": "alive"})


@pytest.mark.parametrize("target", ["http://pleura.example", "http://pleura.example/", "http://x?a=b"])
def test_absolute_target_without_a_path_is_the_page(shared_client: Service, target: str) -> None:
    answer = ask(shared_client, target)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"<!doctype html>" in answer.lower()


def test_absolute_target_takes_an_upload(shared_client: Service) -> None:
    target = "http://pleura.example/segment?mask=none"
    status, document = parse(ask(shared_client, target, method="POST", body=encode(picture())))
    assert status == 200
    assert document["mask"] is None


def test_errors_at_an_absolute_target_are_those_of_its_path(shared_client: Service) -> None:
    status, problem = parse(ask(shared_client, "http://pleura.example/nowhere"))
    assert (status, problem["type"]) == (404, "urn:pleura:problem:not-found")
    status, error = parse(ask(shared_client, "http://pleura.example/v2/models/another"))
    assert (status, list(error)) == (404, ["error"])


@pytest.mark.parametrize(
    "target",
    [
        "healthz",
        "*",
        "pleura.example:8000",
        "http:/healthz",
        "http:///healthz",
        "http://someone@pleura.example/healthz",
        "ftp://pleura.example/healthz",
        "httpx://pleura.example/healthz",
    ],
)
def test_invalid_target_is_rejected(shared_client: Service, target: str) -> None:
    status, problem = parse(ask(shared_client, target))
    assert (status, problem["type"]) == (400, "urn:pleura:problem:bad-request")
    assert "Begin it with /" in problem["detail"]


@pytest.mark.parametrize(("method", "target"), [("OPTIONS", "*"), ("CONNECT", "/healthz")])
def test_target_rejects_unsupported_methods(shared_client: Service, method: str, target: str) -> None:
    answer = ask(shared_client, target, method=method)
    assert parse(answer)[0] == 405
    assert b"allow: get" in answer.lower()


@pytest.mark.parametrize("target", ["pleura.example:443", "x:80", "[::1]:8000"])
def test_connect_is_rejected(shared_client: Service, target: str) -> None:
    assert parse(ask(shared_client, target, method="CONNECT"))[0] == 404
    assert shared_client.get("/healthz").status_code == 200


def test_host_is_taken_from_the_absolute_target() -> None:
    """A Host that names another one is not believed (RFC 9112, 3.2.2)."""
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "http://pleura.example:8000/a b",
        "raw_path": b"http://pleura.example:8000/a%20b",
        "headers": [(b"host", b"elsewhere.example"), (b"accept", b"*/*")],
    }
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def unused(*_: object) -> Any:
        raise AssertionError

    asyncio.run(Targets(app)(scope, unused, unused))
    (found,) = seen
    assert found["headers"] == [(b"host", b"pleura.example:8000"), (b"accept", b"*/*")]
    assert (found["path"], found["raw_path"]) == ("/a b", b"/a%20b")


def test_field_request_is_answered(shared_client: Service, shared_field: Path) -> None:
    with connected(shared_client.port, (shared_field / "83-absolute-form.http").read_bytes()) as connection:
        assert parse(everything(connection)) == (200, {"status": "alive"})
