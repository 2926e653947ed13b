"""The TCP server below the listener: bounds what pynetdicom does not.

pynetdicom reads PDUs of any length, waits for ever in the middle of one, does the TLS handshake in the
thread that accepts connections, and counts only associations, not connections.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from socket import socket
from socketserver import BaseServer
from time import monotonic
from typing import Any

from pynetdicom.association import Association
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

_CHUNK = 65_536
_LONGEST_REQUEST = 1_048_576
"""Bytes of any PDU; an association request with 128 contexts has some 20,000."""


class TooMuch(OSError):
    """The peer sends more, or more slowly, than is allowed; pynetdicom then closes the connection."""


class Meter:
    """Receives the bytes of one association, within limits.

    Args:
        connection: The connected socket.
        longest: Bytes of one PDU.
        most: Bytes since `restart`.
        within_s: Seconds for one PDU.
    """

    def __init__(self, connection: socket, *, longest: int, most: int, within_s: float) -> None:
        self._connection = connection
        self._longest, self._most, self._within_s = longest, most, within_s
        self._taken = 0

    def restart(self) -> None:
        """Begin with the next message."""
        self._taken = 0

    def recv(self, nr_bytes: int) -> bytearray:
        """Return so many bytes; fewer if the peer closes the connection.

        Raises:
            TooMuch: A limit is exceeded.
        """
        self._taken += nr_bytes
        if nr_bytes > self._longest or self._taken > self._most:
            raise TooMuch("more bytes than allowed")
        received, end = bytearray(), monotonic() + self._within_s
        while len(received) < nr_bytes:
            self._connection.settimeout(max(end - monotonic(), 0.001))
            piece = self._connection.recv(min(nr_bytes - len(received), _CHUNK))
            if not piece:
                break
            received += piece
        self._connection.settimeout(self._within_s)
        return received


class Limited(RequestHandler):
    """One connection: TLS handshake and meter, then the association."""

    server: Server

    def handle(self) -> None:
        """Start the association."""
        connection = self.request
        connection.settimeout(self.server.idle_s)
        if isinstance(connection, ssl.SSLSocket):
            try:
                connection.do_handshake()
            except OSError:
                self.server.shutdown_request(connection)
                return
        super().handle()


class Server(ThreadedAssociationServer):
    """A server whose connections are limited in number, size and time."""

    longest = _LONGEST_REQUEST
    most = _LONGEST_REQUEST
    idle_s = 60.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **(options | {"request_handler": Limited}))

    def limit(self, *, max_pdu: int, max_bytes: int, idle_s: float) -> None:
        """Set the limits for connections from now on.

        Args:
            max_pdu: The most bytes of one PDU.
            max_bytes: The most bytes of one message, which may have many PDUs.
            idle_s: The most seconds for one PDU.
        """
        self.longest, self.most, self.idle_s = max(max_pdu, _LONGEST_REQUEST), max_bytes, idle_s

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; the TLS handshake follows in its thread."""
        assert self.socket is not None
        connection, address = self.socket.accept()
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def shutdown(self) -> None:
        """Stop accepting connections."""
        BaseServer.shutdown(self)
        self.server_close()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Close connections beyond twice the number of associations: each costs a thread."""
        return len(self.active_associations) < 2 * self.ae.maximum_associations

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the connection is closed, and a stack trace could quote the peer."""


def metered(association: Association, server: Server) -> Callable[[], None]:
    """Put a `Meter` between an association and its socket, and return what restarts it."""
    transport = association.dul.socket
    assert transport is not None
    assert transport.socket is not None
    meter = Meter(transport.socket, longest=server.longest, most=server.most, within_s=server.idle_s)
    transport.recv = meter.recv  # type: ignore[method-assign]
    return meter.restart
