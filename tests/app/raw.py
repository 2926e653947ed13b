"""Raw sockets, for requests that no HTTP client sends."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def connected(port: int, sent: bytes = b"") -> Iterator[socket.socket]:
    """A connection on which ``sent`` has been sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        yield connection


def head(path: str = "/segment", *, length: int | None = None, extra: str = "") -> bytes:
    """A POST's head; the body is the caller's."""
    declared = f"Content-Length: {length}\r\n" if length is not None else ""
    return f"POST {path} HTTP/1.1\r\nHost: test\r\n{declared}{extra}\r\n".encode()


def everything(connection: socket.socket) -> bytes:
    """All that comes until the peer closes; what it resets counts as closed."""
    received = bytearray()
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return bytes(received)


def in_full(connection: socket.socket) -> bytes:
    """All that comes until the peer ends the connection in good order.

    Raises:
        ConnectionResetError: the peer reset it: where the network is slower than here, its answer would
            have been lost.
    """
    received = bytearray()
    while data := connection.recv(65536):
        received += data
    return bytes(received)


def parse(answer: bytes) -> tuple[int, Any]:
    """Status and JSON body of an answer that is whole."""
    start, _, body = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), json.loads(body)
