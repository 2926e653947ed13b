"""Closes a connection in stages (RFC 9112, 9.6), so that no answer is lost because its client was still sending."""

import asyncio
from collections.abc import Iterable
from typing import Any

LINGER_S = 1.0
"""Seconds from an answer's last byte until a client that still sends is cut off."""


class LingeringTransport(asyncio.Transport):
    """A TCP transport whose `close` first ends the sending side and keeps reading, as what is unread would reset the connection.

    Whoever owns it must pass over what arrives once `is_closing`, and tell it of `drained`.

    Args:
        transport: the transport itself.
        loop: the event loop that it belongs to.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._closing = False
        self._end: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Ends what is sent; the connection is closed when the peer closes its side, or soon after."""
        if self.is_closing():
            return
        self._closing = True
        self._transport.resume_reading()
        self._transport.write_eof()
        if not self._transport.get_write_buffer_size():
            self.drained()

    def drained(self) -> None:
        """All that was written has been taken over by the system."""
        if self._closing and self._end is None:
            self._end = self._loop.call_later(LINGER_S, self._transport.abort)

    def lost(self) -> None:
        """The connection has ended."""
        if self._end is not None:
            self._end.cancel()

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._closing or self._transport.is_closing()

    def abort(self) -> None:
        """Closes at once; what is unsent is lost."""
        self._transport.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends bytes."""
        if not self._closing:
            self._transport.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Sends bytes."""
        self.write(b"".join(list_of_data))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """See `asyncio.WriteTransport`."""
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Bytes that are unsent."""
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        """Lets what arrives wait, unless it is passed over anyway."""
        if not self._closing:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Takes what arrives."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See `asyncio.BaseTransport`."""
        return self._transport.get_extra_info(name, default)
