"""A file object over bytes in memory or a memory map, without a copy."""

from __future__ import annotations

import io

Data = bytes | memoryview
"""The bytes of an image file; those of a large upload are memory-mapped."""


class MemoryFile(io.RawIOBase):
    """An `io.BytesIO` over a memoryview.

    Args:
        data: The bytes.
    """

    def __init__(self, data: Data) -> None:
        super().__init__()
        self._data = memoryview(data)
        self._at = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """See `io.RawIOBase`."""
        end = len(self._data) if size is None or size < 0 else self._at + size
        found = bytes(self._data[self._at : end])
        self._at += len(found)
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See `io.IOBase`."""
        self._at = max(
            0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        )
        return self._at

    def tell(self) -> int:
        """See `io.IOBase`."""
        return self._at

    def readable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.IOBase`."""
        return True
