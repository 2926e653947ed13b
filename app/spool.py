"""An upload while it arrives and after: in memory while it is small, else on the disk, in a file without a name."""

import mmap
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from starlette.datastructures import UploadFile

SPOOL_BYTES = 1 << 20
"""Bytes of an upload up to which it stays in memory."""

BLOCK = 1_000_000
"""Bytes that are written at a time: each writing to the disk costs a change of threads."""


def spooled() -> "SpooledTemporaryFile[bytes]":
    """An empty file that moves to the disk when it grows."""
    return SpooledTemporaryFile(max_size=SPOOL_BYTES)


def contents(upload: UploadFile) -> memoryview:
    """The bytes of an upload. What lies on the disk is mapped, not read, so that it is never whole in memory.

    Blocks: not for the event loop.
    """
    file = upload.file
    if upload.size and upload.size > SPOOL_BYTES:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    file.seek(0)
    return memoryview(file.read())


class Spool:
    """Stores what arrives, block by block.

    Attributes:
        upload: what has been stored; whole after `finish`.
    """

    def __init__(self) -> None:
        self.upload = UploadFile(cast(BinaryIO, spooled()), size=0)
        self._block: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        """Takes bytes; they wait to be stored."""
        self._block.append(data)
        self._size += len(data)

    async def store(self) -> None:
        """Stores what waits, once it is enough.

        Raises:
            OSError: there is no room.
        """
        if self._size >= BLOCK:
            await self._write()

    async def finish(self) -> UploadFile:
        """Stores the rest, and goes to the beginning.

        Raises:
            OSError: there is no room.
        """
        await self._write()
        await self.upload.seek(0)
        return self.upload

    async def _write(self) -> None:
        await self.upload.write(b"".join(self._block))
        self._block.clear()
        self._size = 0
