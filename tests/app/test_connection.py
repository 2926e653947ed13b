"""Slow clients, and bytes that are not HTTP."""

import re
import socket

import pytest

from app import closing
from tests.app.conftest import MakeClient, Service
from tests.app.fakes import encode, picture
from tests.app.raw import connected, everything, in_full, parse
from tests.app.waiting import wait_until


def test_endless_headers_time_out(make_client: MakeClient) -> None:
    client = make_client(header_timeout_s=0.2)
    with connected(client.port) as silent, connected(client.port, b"GET /healthz HTT") as half:
        assert everything(silent) == b""
        assert everything(half) == b""
    assert client.get("/healthz").status_code == 200


def test_endless_headers_of_a_second_request_time_out(make_client: MakeClient) -> None:
    client = make_client(header_timeout_s=0.2)
    first = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(client.port, first) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /he")
        assert b"HTTP" not in everything(connection)


def test_header_timeout_does_not_apply_to_bodies(make_client: MakeClient) -> None:
    client = make_client(header_timeout_s=0.2)
    client.engine.hold()
    data = encode(picture())
    request = b"POST /segment HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
        data
    )
    with connected(client.port, request + data) as connection, connected(client.port) as other:
        # The other connection ends by its deadline, which began after this one's head had arrived.
        assert everything(other) == b""
        client.engine.release()
        status, _ = parse(everything(connection))
    assert status == 200


def test_endless_rejected_body_times_out(make_client: MakeClient) -> None:
    client = make_client(upload_timeout_s=0.2, max_upload_mb=0.001)
    request = b"POST /segment HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    with connected(client.port, request) as connection:
        assert everything(connection).startswith(b"HTTP/1.1 413")


def test_answer_that_the_client_does_not_read_times_out(make_client: MakeClient) -> None:
    client = make_client(upload_timeout_s=0.3)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", client.port))
        request = b"GET /docs-assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
        connection.sendall(request * 8)
        tasks = client.server.server_state.tasks
        connections = client.server.server_state.connections
        wait_until(lambda: bool(tasks))
        wait_until(lambda: not tasks and not connections)


def test_too_large_endless_headers_are_rejected(shared_client: Service) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 60_000
    with connected(shared_client.port, request) as connection:
        status, problem = parse(everything(connection))
    assert (status, problem["type"]) == (431, "urn:pleura:problem:head-too-large")
    assert "32 kB" in problem["detail"]


@pytest.mark.parametrize(("size", "status"), [(1999, 200), (2000, 200), (2001, 431), (9000, 431)])
@pytest.mark.parametrize("many", [True, False])
def test_header_limit_is_exact(make_client: MakeClient, size: int, status: int, many: bool) -> None:
    client = make_client(max_header_kb=2)
    start = b"GET /readyz?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    start += b"a: \r\n" * (200 if many else 0)
    request = start + b"X: " + b"x" * (size - len(start) - 7) + b"\r\n\r\n"
    assert len(request) == size
    with connected(client.port, request) as connection:
        answered = everything(connection)
    assert answered.startswith(b"HTTP/1.1 %d " % status)


def test_contradictory_lengths_are_rejected(shared_client: Service) -> None:
    """A server that reads the other length takes the rest for a separate request."""
    request = (
        b"POST /segment HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    with connected(shared_client.port, request) as connection:
        status, problem = parse(everything(connection))
    assert (status, problem["type"]) == (400, "urn:pleura:problem:ambiguous-length")


def test_bytes_that_are_not_http_are_answered_with_400(shared_client: Service) -> None:
    with connected(shared_client.port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n") as connection:
        status, _ = parse(everything(connection))
    assert status == 400


def test_invalid_chunks_are_rejected(shared_client: Service) -> None:
    request = b"POST /segment HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nrubbish\r\n"
    with connected(shared_client.port, request) as connection:
        status, _ = parse(everything(connection))
    assert status == 400
    assert shared_client.get("/healthz").status_code == 200


CLOSE = b"Connection: close\r\n"


@pytest.mark.parametrize("size", [0, 1, 100_000, 400_000, 20_000_000])
@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        (b"POST /segment HTTP/1.1\r\nHost: x\r\n", (411, "urn:pleura:problem:length-required")),
        # 411 came with HTTP/1.1.
        (b"POST /segment HTTP/1.0\r\n", (400, "urn:pleura:problem:bad-request")),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_body_without_a_length_is_rejected(
    shared_client: Service, size: int, start: bytes, refusal: tuple[int, str], last: bool
) -> None:
    """Whoever writes its whole body before it reads still gets the one answer, which names the reason."""
    request = start + (CLOSE if last else b"") + b"\r\n" + bytes(size)
    with connected(shared_client.port, request) as connection:
        status, problem = parse(in_full(connection))
    assert (status, problem["type"]) == refusal
    assert "Content-Length" in problem["detail"]
    assert "Transfer-Encoding" in problem["detail"]


@pytest.mark.parametrize("path", ["/segment.png", "/segment.dcm", "/evaluate", "/v2/models/pleura/infer"])
def test_every_route_rejects_a_body_without_a_length(shared_client: Service, path: str) -> None:
    request = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    with connected(shared_client.port, request) as connection:
        assert parse(in_full(connection))[0] == 411


def test_routes_without_a_body_need_no_length(make_client: MakeClient) -> None:
    client = make_client(api_key="one")
    request = b"POST /model/reload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer one\r\n" + CLOSE + b"\r\n"
    with connected(client.port, request) as connection:
        assert parse(in_full(connection))[0] == 200


@pytest.mark.parametrize("size", [10, 100_000, 400_000, 20_000_000])
@pytest.mark.parametrize(
    ("start", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", 200),
        (b"GET /nowhere HTTP/1.1\r\nHost: x\r\n", 404),
        (b"POST /segment HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n", 400),
    ],
)
def test_bytes_after_the_last_request_are_ignored(
    shared_client: Service, size: int, start: bytes, status: int
) -> None:
    with connected(shared_client.port, start + CLOSE + b"\r\n" + b"\xff" * size) as connection:
        assert parse(in_full(connection))[0] == status


def test_bytes_beyond_the_declared_length_do_not_replace_the_answer(make_client: MakeClient) -> None:
    client = make_client()
    client.engine.hold()
    image = encode(picture())
    request = b"POST /segment HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(image) + CLOSE + b"\r\n"
    with connected(client.port, request + image) as connection:
        assert client.engine.entered.wait(20)
        connection.sendall(b"\xff" * 400_000)
        client.engine.release()
        assert parse(in_full(connection))[0] == 200


def test_client_that_keeps_sending_is_disconnected(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "LINGER_S", 0.2)
    client = make_client()
    connections = client.server.server_state.connections
    with connected(client.port, b"GET /nowhere HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n") as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 404")
        wait_until(lambda: _refuses(connection))
        wait_until(lambda: not connections)


def _refuses(connection: socket.socket) -> bool:
    try:
        connection.sendall(bytes(1000))
    except OSError:
        return True
    return False


def test_server_does_not_wait_for_the_client_to_close(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "LINGER_S", 0.2)
    client = make_client()
    with connected(client.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n") as connection:
        assert parse(in_full(connection))[0] == 200
        wait_until(lambda: not client.server.server_state.connections)


def test_slow_reader_gets_the_whole_answer(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "LINGER_S", 0.0)
    client = make_client()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", client.port))
        request = b"GET /docs-assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n"
        connection.sendall(request)
        answer = in_full(connection)
    start, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", start)
    assert length is not None
    assert len(body) == int(length[1])


def test_field_request_without_a_length_is_rejected(shared_client: Service) -> None:
    request = b"POST /segment HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connected(shared_client.port, request + b"\x89PNG\r\n\x1a\n" + bytes(399_992)) as connection:
        assert parse(in_full(connection))[0] == 411
