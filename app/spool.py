"""Storage of uploads: in memory while they are small, else on the disk in an unnamed temporary file."""

import mmap
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from starlette.datastructures import UploadFile

SPOOL_BYTES = 1 << 20
"""The most bytes of an upload that stays in memory."""

BLOCK = 1_000_000
"""Bytes written at a time: each write to the disk costs a thread switch."""


def spooled() -> "SpooledTemporaryFile[bytes]":
    """Return an empty temporary file that moves to the disk when it grows."""
    return SpooledTemporaryFile(max_size=SPOOL_BYTES)


def contents(upload: UploadFile) -> memoryview:
    """Return the bytes of an upload; a file on the disk is memory-mapped, not read.

    This blocks: do not call it on the event loop.
    """
    file = upload.file
    if upload.size and upload.size > SPOOL_BYTES:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    file.seek(0)
    return memoryview(file.read())


class Spool:
    """Stores an upload in blocks while it arrives.

    Attributes:
        upload: The stored bytes; complete after `finish`.
    """

    def __init__(self) -> None:
        self.upload = UploadFile(cast(BinaryIO, spooled()), size=0)
        self._block: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        """Add bytes to the current block."""
        self._block.append(data)
        self._size += len(data)

    async def store(self) -> None:
        """Write the current block if it is full.

        Raises:
            OSError: There is no space.
        """
        if self._size >= BLOCK:
            await self._write()

    async def finish(self) -> UploadFile:
        """Write the last block and rewind the file.

        Raises:
            OSError: There is no space.
        """
        await self._write()
        await self.upload.seek(0)
        return self.upload

    async def _write(self) -> None:
        await self.upload.write(b"".join(self._block))
        self._block.clear()
        self._size = 0
