"""Malicious requests: each is answered with 4xx or 2xx, and no connection stays open."""

import gzip
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.app.fakes import encode, picture
from tests.app.raw import connected, everything
from tests.app.waiting import wait_until
from tests.reliability.service import Service, running

pytestmark = pytest.mark.slow

IMAGE = encode(picture())
END = b"0\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with short timeouts."""
    with running(tmp_path_factory.mktemp("attacks"), header_timeout_s=1, upload_timeout_s=1) as service:
        yield service


def post(headers: bytes, body: bytes, *, path: bytes = b"/segment", version: bytes = b"1.1") -> bytes:
    return b"POST %b HTTP/%b\r\nHost: x\r\nConnection: close\r\n%b\r\n%b" % (path, version, headers, body)


def sized(body: bytes, headers: bytes = b"", *, path: bytes = b"/segment") -> bytes:
    return post(headers + b"Content-Length: %d\r\n" % len(body), body, path=path)


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked\r\n", body)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def get(path: bytes, headers: bytes = b"", *, method: bytes = b"GET") -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b\r\n" % (method, path, headers)


def form(body: bytes, parameters: bytes = b"boundary=b") -> bytes:
    return sized(body, b"Content-Type: multipart/form-data; %b\r\n" % parameters)


PART = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n'
WHOLE = PART + b"\r\n" + IMAGE + b"\r\n--b--\r\n"
FIELD = b'--b\r\nContent-Disposition: form-data; name="a%d"%b\r\n\r\nx\r\n'
BUNDLE = b"/docs-assets/swagger-ui-bundle.js"

# What is sent, and the statuses that it may get.
FRAMING: dict[str, tuple[bytes, list[int]]] = {
    "chunks of one byte": (chunked(b"".join(chunk(bytes([byte])) for byte in IMAGE) + END), [200]),
    "chunks without an end": (chunked(chunk(IMAGE)), [408]),
    "a chunk of 2^64": (chunked(b"ffffffffffffffff\r\n" + IMAGE), [408]),
    "a chunk's size without an end": (chunked(b"f" * 2000 + b"\r\n"), [400]),
    "a negative chunk": (chunked(b"-5\r\nhello\r\n" + END), [400]),
    "two lengths": (post(b"Content-Length: 5\r\nContent-Length: 6\r\n", IMAGE), [400]),
    "a length and chunks": (
        post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunk(IMAGE) + END),
        [400],
    ),
    "a transfer coding that is not known": (post(b"Transfer-Encoding: gzip, chunked\r\n", END), [400]),
    "a length that is too short": (
        post(b"Content-Length: 10\r\n", IMAGE).replace(b"Connection: close\r\n", b""),
        [400, 400],
    ),
    "a length that is too long": (post(b"Content-Length: %d\r\n" % (len(IMAGE) + 9), IMAGE), [408]),
    "leave is asked for, and nothing sent": (
        post(b"Content-Length: 9\r\nExpect: 100-continue\r\n", b""),
        [100, 408],
    ),
    "unknown expectation": (sized(IMAGE, b"Expect: 200-ok\r\n"), [200]),
    "HTTP/1.0": (post(b"Content-Length: %d\r\n" % len(IMAGE), IMAGE, version=b"1.0"), [200]),
    "HTTP/1.0 without a length": (post(b"", IMAGE, version=b"1.0"), [400]),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n", [400]),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", [400]),
    "two hosts": (get(b"/healthz", b"Host: y\r\n"), [400]),
    "60 requests at once": (
        get(b"/healthz").replace(b"Connection: close\r\n", b"") * 59 + get(b"/healthz"),
        [200] * 60,
    ),
    "a request, then rubbish": (
        sized(IMAGE).replace(b"Connection: close\r\n", b"") + b"RUBBISH\r\n\r\n",
        [200, 400],
    ),
    "another protocol": (get(b"/healthz", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"), [200]),
    "TRACE": (get(b"/", method=b"TRACE"), [405]),
    "CONNECT": (get(b"x:80", method=b"CONNECT"), [404]),
    # No proxy: the host of an address is passed over, as that of a Host header is.
    "an address of elsewhere": (get(b"http://elsewhere/healthz"), [200]),
    "a body where none belongs": (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
        [200],
    ),
}
FORMS: dict[str, tuple[bytes, list[int]]] = {
    "ten thousand fields": (form(b"".join(FIELD % (i, b"") for i in range(10_000)) + b"--b--\r\n"), [422]),
    "ten thousand files": (
        form(b"".join(FIELD % (i, b'; filename="x"') for i in range(10_000)) + b"--b--\r\n"),
        [422],
    ),
    "a form in a form": (
        form(
            PART
            + b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n"
            + IMAGE
            + b"\r\n--c--\r\n--b--\r\n"
        ),
        [415],
    ),
    "boundaries that are none": (form(b"\r\n--" * 1_000_000), [400]),
    "line ends that are none": (form(PART + b"\r\n" + b"\r" * 1_000_000 + b"\r\n--b--\r\n"), [415]),
    "much before the form": (form(b"x" * 1_000_000 + b"\r\n" + WHOLE), [400]),
    "much behind the form": (form(WHOLE + b"x" * 1_000_000), [200]),
    "a charset that is a compression": (form(WHOLE, b"boundary=b; charset=zlib"), [200]),
    "a name with a zero in it": (form(WHOLE.replace(b'"image"', b'"image\0"')), [422]),
    "a name that is no text": (form(WHOLE.replace(b'"image"', b'"\xff\xfe"')), [422]),
    "a file name in pieces": (
        form(WHOLE.replace(b'filename="x"', b"filename*0*=idna''x; filename*99999999=y")),
        [200],
    ),
    "no form": (sized(b"image=x&" * 1000, b"Content-Type: application/x-www-form-urlencoded\r\n"), [415]),
    "a compressed image": (sized(gzip.compress(IMAGE), b"Content-Encoding: gzip\r\n"), [415]),
}
HEADS: dict[str, tuple[bytes, list[int]]] = {
    **{
        f"query {query!r}": (sized(IMAGE, path=b"/segment?" + query), [422])
        for query in (
            b"threshold=%00",
            b"threshold=0.5%00",
            b"threshold=nan",
            b"threshold=1e400",
            b"threshold=%D9%A0",
            b"mask=%ff",
            b"postprocess=%F0%9F%98%80",
            b"a&" * 5000,
        )
    },
    **{
        f"path {path!r}": (get(path), [404])
        for path in (
            b"/%00",
            b"/../../etc/passwd",
            b"/docs-assets/../../main.py",
            b"/docs-assets/%2e%2e/%2e%2e/app/main.py",
            b"/docs-assets/..%2f..%2fmain.py",
            b"/docs-assets//etc/passwd",
            b"/docs-assets/%00",
            b"/docs-assets/" + b"a" * 5000,
            b"//healthz",
        )
    },
    "a path that is no text": (get(b"/\xff"), [400]),
    "a zero in the address": (get(b"/a\0"), [400]),
    "accepts ten thousand types": (sized(IMAGE, b"Accept: " + b"a/b," * 5000 + b"\r\n"), [406]),
    "accepts what is no text": (sized(IMAGE, b"Accept: \x80\r\n"), [406]),
    "accepts with a weight that is none": (sized(IMAGE, b"Accept: */*;q=nan\r\n"), [406]),
    "a key that is no text": (sized(IMAGE, b"Authorization: \xff\r\n"), [200]),
    "a trace of zeros": (
        sized(IMAGE, b"traceparent: 00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01\r\n"),
        [200],
    ),
    "a range of digits that are none": (get(BUNDLE, b"Range: bytes=\xb2-\xb3\r\n"), [400]),
    "a range beyond the end": (get(BUNDLE, b"Range: bytes=99999999999999999999-\r\n"), [416]),
}
ATTACKS = FRAMING | FORMS | HEADS


@pytest.mark.parametrize("name", ATTACKS)
def test_malformed_request_is_answered_and_the_connection_closed(hasty: Service, name: str) -> None:
    sent, statuses = ATTACKS[name]
    with connected(hasty.port, sent) as connection:
        answers = everything(connection)
    assert [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", answers)] == statuses
    for told in (b"Traceback", b"site-packages", b".py", b"passwd:"):
        assert told not in answers


@pytest.mark.parametrize("cut", [0, 20, 80, len(sized(IMAGE)) - 1])
def test_client_that_stops_sending_is_disconnected(hasty: Service, cut: int) -> None:
    with connected(hasty.port, sized(IMAGE)[:cut]) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert not re.match(rb"HTTP/1\.1 (200|5\d\d)", everything(connection))


@pytest.mark.parametrize(
    "flood",
    [
        b"".join(b"X-%d: a\r\n" % number for number in range(100_000)),
        b"X: " + b"x" * 3_000_000,
    ],
    ids=["100,000 headers", "a header of 3 MB"],
)
def test_endless_headers_are_rejected(hasty: Service, flood: bytes) -> None:
    before = hasty.memory_mb()
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=30) as connection:
        try:
            connection.sendall(post(b"", b"")[:-2] + flood)
            answer = everything(connection)
        except OSError:
            answer = b""  # The connection was closed during sending, and the answer lost with it.
    assert not answer or answer.startswith(b"HTTP/1.1 431 ")
    assert hasty.memory_mb() - before < 20


def test_endless_trailers_are_rejected(hasty: Service) -> None:
    before = hasty.memory_mb()
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=30) as connection:
        try:
            connection.sendall(chunked(chunk(IMAGE) + b"0\r\n" + b"X: y\r\n" * 500_000))
            answer = everything(connection)
        except OSError:
            answer = b""
    assert not answer or re.match(rb"HTTP/1\.1 (200|400|431) ", answer)
    assert hasty.memory_mb() - before < 20


def test_client_that_reads_no_answer_is_not_read_from(hasty: Service) -> None:
    """A client sends requests without reading any answer."""
    before, sent = hasty.memory_mb(), 0
    requests = get(b"/healthz").replace(b"Connection: close\r\n", b"") * 2000
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=0.5) as connection:
        with suppress(OSError):
            while sent < 100_000_000:
                sent += connection.send(requests)
        assert sent < 100_000_000
        assert hasty.memory_mb() - before < 20


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit of util-linux")
def test_more_connections_than_open_files_are_survived(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("files")
    with running(folder, prefix=("prlimit", "--nofile=64")) as service:
        connections = []
        for _ in range(200):
            try:
                connections.append(socket.create_connection(("127.0.0.1", service.port), timeout=5))
            except OSError:
                break
        for one in connections:
            one.close()

        def served() -> bool:
            try:
                return service.status("POST", "/segment", IMAGE) == 200
            except OSError:
                return False

        # The service notices the closed connections one after the other.
        wait_until(served)
        assert "Traceback" not in service.log.read_text()


def test_service_answers_after_all_attacks(hasty: Service) -> None:
    assert hasty.status("POST", "/segment", IMAGE) == 200
    assert hasty.metric("pleura_uploads") == hasty.metric("pleura_queue_depth") == 0
    assert "unforeseen" not in hasty.log.read_text()
    assert "Traceback" not in hasty.log.read_text()
