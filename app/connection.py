"""Deadlines that uvicorn lacks, so that a slow client cannot hold a connection for ever."""

import asyncio
from dataclasses import dataclass

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .closing import LingeringTransport
from .errors import BadRequest, HeadersTooLarge, ServiceError
from .problems import TABLE, problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one connection.

    Attributes:
        header_timeout_s: Seconds for the request headers to arrive, from their first byte or from the
            start of the connection.
        transfer_timeout_s: Seconds for the client to take an answer, and for a refused body to end.
        max_header_bytes: The most bytes of request line and headers; the limit given to uvicorn.
    """

    header_timeout_s: float
    transfer_timeout_s: float
    max_header_bytes: int


class GuardedProtocol(H11Protocol):
    """uvicorn's protocol for HTTP/1.1 with deadlines for the client; a subclass sets ``limits``."""

    limits: Limits

    _incoming: asyncio.TimerHandle | None = None
    _outgoing: asyncio.TimerHandle | None = None

    _discards_input = False
    transport: LingeringTransport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline for the first request headers."""
        super().connection_made(LingeringTransport(transport, self.loop))
        # Writing counts as paused while any byte is unsent, so that the deadline covers the whole answer.
        transport.set_write_buffer_limits(high=0)
        self._watch_incoming()

    def data_received(self, data: bytes) -> None:
        """Pass data on, and start or stop the deadline for what is still to arrive."""
        if self._discards_input or self.transport.is_closing():
            return
        super().data_received(data)
        self._watch_incoming()

    def on_response_complete(self) -> None:
        """Start the deadline for the rest of a body that was refused."""
        super().on_response_complete()
        if self.conn.their_state is not h11.IDLE:
            self._watch_incoming()

    def _watch_incoming(self) -> None:
        """Start the deadline for the rest of the headers, or for the rest of a refused body."""
        served = self.cycle is not None and not self.cycle.response_complete
        if served:
            self._stop_incoming()
        elif self._incoming is None:
            waits_for_head = self.conn.their_state is h11.IDLE
            seconds = self.limits.header_timeout_s if waits_for_head else self.limits.transfer_timeout_s
            self._incoming = self.loop.call_later(seconds, self.transport.abort)

    def pause_writing(self) -> None:
        """Start the deadline for the client to take the answer."""
        super().pause_writing()
        if self._outgoing is None:
            self._outgoing = self.loop.call_later(self.limits.transfer_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop that deadline: the client has taken all."""
        super().resume_writing()
        self._stop_outgoing()
        self.transport.drained()

    def _stop_incoming(self) -> None:
        if self._incoming is not None:
            self._incoming.cancel()
            self._incoming = None

    def _stop_outgoing(self) -> None:
        if self._outgoing is not None:
            self._outgoing.cancel()
            self._outgoing = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all deadlines; see `asyncio.Protocol`."""
        self._stop_incoming()
        self._stop_outgoing()
        self.transport.lost()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not HTTP with a problem document, and close the connection."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            # The invalid bytes follow a complete request: answer that one and discard the rest.
            self._discards_input = True
            cycle.keep_alive = False
            return
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        unread, _ = self.conn.trailing_data
        error: ServiceError = BadRequest("Send valid HTTP/1.1.")
        if len(unread) > self.limits.max_header_bytes:
            error = HeadersTooLarge.over(self.limits.max_header_bytes)
        answer = problem(TABLE[type(error)], str(error))
        headers = [*answer.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=answer.status_code, headers=headers),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def guarded(given: Limits) -> type[GuardedProtocol]:
    """Return a protocol class for uvicorn with these limits."""

    class LimitedProtocol(GuardedProtocol):
        limits = given

    return LimitedProtocol
