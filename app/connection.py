"""An HTTP connection that nobody can hold for ever: the deadlines that uvicorn does not have."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .closing import LingeringTransport
from .errors import TABLE, BadRequest, HeadTooLarge, ServiceError, problem


def guarded(*, header_timeout_s: float, transfer_timeout_s: float, max_head_bytes: int) -> type[H11Protocol]:
    """A protocol for uvicorn.

    Args:
        header_timeout_s: seconds for a request's head to arrive, from its first byte or the connection's start.
        transfer_timeout_s: seconds for an answer to be taken, and for a body that nobody reads any more to end.
        max_head_bytes: most bytes of a request's head, as uvicorn was told.
    """

    class GuardedProtocol(H11Protocol):
        _incoming: asyncio.TimerHandle | None = None
        _outgoing: asyncio.TimerHandle | None = None

        _deaf = False
        transport: LingeringTransport

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(LingeringTransport(transport, self.loop))
            # Paused whenever anything is unsent, so that the deadline below covers all of an answer.
            transport.set_write_buffer_limits(high=0)
            self._watch_incoming()

        def data_received(self, data: bytes) -> None:
            if self._deaf or self.transport.is_closing():
                return
            super().data_received(data)
            self._watch_incoming()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.their_state is not h11.IDLE:
                self._watch_incoming()

        def _watch_incoming(self) -> None:
            """Runs a deadline while the peer owes something: the rest of a head, or of a body that was refused."""
            served = self.cycle is not None and not self.cycle.response_complete
            if served:
                self._stop_incoming()
            elif self._incoming is None:
                waits_for_head = self.conn.their_state is h11.IDLE
                seconds = header_timeout_s if waits_for_head else transfer_timeout_s
                self._incoming = self.loop.call_later(seconds, self.transport.abort)

        def pause_writing(self) -> None:
            super().pause_writing()
            if self._outgoing is None:
                self._outgoing = self.loop.call_later(transfer_timeout_s, self.transport.abort)

        def resume_writing(self) -> None:
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
            self._stop_incoming()
            self._stop_outgoing()
            self.transport.lost()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            cycle = self.cycle
            if cycle is not None and not cycle.response_complete and not cycle.more_body:
                # The request that is being served is whole: it is answered, and what came behind it is passed over.
                self._deaf = True
                cycle.keep_alive = False
                return
            if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
                self.transport.abort()
                return
            unread, _ = self.conn.trailing_data
            error: ServiceError = BadRequest("Send valid HTTP/1.1.")
            if len(unread) > max_head_bytes:
                error = HeadTooLarge.over(max_head_bytes)
            answer = problem(TABLE[type(error)], str(error))
            headers = [*answer.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=answer.status_code, headers=headers),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

    return GuardedProtocol
