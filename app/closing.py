"""A lingering close (RFC 9112, 9.6), so that a client that is still sending receives its answer."""

import asyncio
from collections.abc import Iterable
from typing import Any

LINGER_S = 1.0
"""Seconds between the last byte of an answer and the end of a connection whose client still sends."""


class LingeringTransport(asyncio.Transport):
    """A TCP transport whose `close` closes only the sending side at first.

    It keeps reading, because unread bytes would make the kernel reset the connection. The owner discards what
    arrives once `is_closing` is true, and calls `drained` when the write buffer is empty.

    Args:
        transport: The underlying transport.
        loop: The event loop of the transport.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._closing = False
        self._end: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Close the sending side. The connection ends when the peer closes too, or after `LINGER_S`."""
        if self.is_closing():
            return
        self._closing = True
        self._transport.resume_reading()
        self._transport.write_eof()
        if not self._transport.get_write_buffer_size():
            self.drained()

    def drained(self) -> None:
        """Start the linger timer: the write buffer is empty."""
        if self._closing and self._end is None:
            self._end = self._loop.call_later(LINGER_S, self._transport.abort)

    def lost(self) -> None:
        """Stop the linger timer: the connection has ended."""
        if self._end is not None:
            self._end.cancel()

    def is_closing(self) -> bool:
        """Return whether the sending side is closed."""
        return self._closing or self._transport.is_closing()

    def abort(self) -> None:
        """Close the connection at once; unsent bytes are lost."""
        self._transport.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes, unless the sending side is closed."""
        if not self._closing:
            self._transport.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send bytes, unless the sending side is closed."""
        self.write(b"".join(list_of_data))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """See `asyncio.WriteTransport`."""
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Return the number of unsent bytes."""
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        """Pause reading, unless the connection is closing and input is discarded."""
        if not self._closing:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Resume reading."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See `asyncio.BaseTransport`."""
        return self._transport.get_extra_info(name, default)
