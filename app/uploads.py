"""From a request to image bytes. Every limit is a keyword; what is large is kept on the disk, in a file without a name."""

import asyncio
import mmap
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, TypeVar, cast

from prometheus_client import Gauge
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from .errors import (
    BadForm,
    BodyTooLarge,
    ClientGone,
    SpoolFull,
    TooManyUploads,
    UploadTooSlow,
    WrongFields,
)

T = TypeVar("T")

MAX_PART_TEXT = 1024
"""Bytes of a form's field that is not a file; none is wanted."""

BLOCK = 1_000_000
"""Bytes of a body that are written at a time: each writing to the disk costs a change of threads."""


def contents(upload: UploadFile) -> memoryview:
    """The bytes of an upload. What lies on the disk is mapped, not read, so that it is never whole in memory.

    Blocks: not for the event loop.
    """
    file = upload.file
    if upload.size and upload.size > MultiPartParser.spool_max_size:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    file.seek(0)
    return memoryview(file.read())


class Intake:
    """Takes in request bodies.

    Args:
        max_bytes: most bytes of a body, form and all.
        max_uploads: most bodies that arrive at the same time.
        timeout_s: seconds for a body to arrive.
        arriving: counts the bodies that are arriving.
    """

    def __init__(self, *, max_bytes: int, max_uploads: int, timeout_s: float, arriving: Gauge) -> None:
        self._max_bytes = max_bytes
        self._max_uploads = max_uploads
        self._timeout_s = timeout_s
        self._arriving = arriving
        self._count = 0

    @asynccontextmanager
    async def images(self, request: Request, *fields: str) -> AsyncIterator[list[UploadFile]]:
        """The files in the form fields ``fields``, in that order; a body that is not a form is the first field.

        Raises:
            TooManyUploads, UploadTooSlow, BodyTooLarge, BadForm, WrongFields, SpoolFull, ClientGone
        """
        with self._arrival():
            uploads = await self._receive(request, partial(_files, fields=fields))
        try:
            yield uploads
        finally:
            for upload in uploads:
                await upload.close()

    async def read(self, request: Request, read: Callable[[UploadFile], Awaitable[T]]) -> T:
        """What ``read`` makes of the body as it is. Until then it counts as arriving.

        Raises:
            TooManyUploads, UploadTooSlow, BodyTooLarge, SpoolFull, ClientGone
        """
        with self._arrival():
            upload = await self._receive(request, _body)
            try:
                return await read(upload)
            finally:
                await upload.close()

    @contextmanager
    def _arrival(self) -> Iterator[None]:
        """One body arrives and is stored."""
        if self._count >= self._max_uploads:
            raise TooManyUploads(f"{self._max_uploads} images are arriving already: try again in 1 s.")
        self._count += 1
        try:
            with self._arriving.track_inprogress():
                yield
        except OSError:
            raise SpoolFull(
                "The service has no room for this upload: try again later, or give its temporary folder more."
            ) from None
        finally:
            self._count -= 1

    async def _receive(self, request: Request, take: Callable[[Request], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await take(self._limited(request))
        except TimeoutError:
            raise UploadTooSlow(
                f"The body did not arrive within {self._timeout_s:g} s: send a smaller image or use a faster connection."
            ) from None
        except ClientDisconnect:
            raise ClientGone("The connection was closed before the body had arrived.") from None

    def _limited(self, request: Request) -> Request:
        """The same request; its bytes are counted as they arrive."""
        too_large = BodyTooLarge(
            f"The body has more than the {self._max_bytes / 1_000_000:g} MB that are allowed: send a smaller image."
        )
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            raise too_large
        total = 0

        async def receive() -> Message:
            nonlocal total
            message = await request.receive()
            total += len(message.get("body", b""))
            if total > self._max_bytes:
                raise too_large
            return message

        return Request(request.scope, receive)


async def _files(request: Request, *, fields: tuple[str, ...]) -> list[UploadFile]:
    content_type, _ = parse_options_header(request.headers.get("content-type"))
    if content_type == b"multipart/form-data":
        return await _form(request, fields)
    if len(fields) > 1:
        raise WrongFields(f"Send a multipart form with the files {' and '.join(fields)}.")
    return [await _body(request)]


async def _body(request: Request) -> UploadFile:
    file = SpooledTemporaryFile(max_size=MultiPartParser.spool_max_size)  # noqa: SIM115 - the caller closes it
    upload = UploadFile(cast(BinaryIO, file), size=0)
    block: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            block.append(chunk)
            size += len(chunk)
            if size >= BLOCK:
                await upload.write(b"".join(block))
                block.clear()
                size = 0
        await upload.write(b"".join(block))
        await upload.seek(0)
    except BaseException:
        file.close()
        raise
    return upload


class _Form(MultiPartParser):
    """Knows whether it has seen the form's end; one that breaks off is not an error to its parent."""

    complete = False

    def on_end(self) -> None:
        self.complete = True

    def close(self) -> None:
        for file in self._files_to_close_on_error:
            file.close()


async def _form(request: Request, fields: tuple[str, ...]) -> list[UploadFile]:
    wanted = " and ".join(fields)
    parser = _Form(
        request.headers,
        _stream(request),
        max_files=len(fields),
        max_fields=0,
        max_part_size=MAX_PART_TEXT,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise WrongFields(
                f"Send only the files {wanted} in the form, once each; options belong in the query."
            ) from None
        raise BadForm(f"Send a whole form as multipart/form-data: {error.message}") from None
    found = [upload for upload in map(form.get, fields) if isinstance(upload, UploadFile)]
    if parser.complete and len(found) == len(fields):
        return found
    parser.close()
    if not parser.complete:
        raise BadForm("Send a whole form as multipart/form-data: this one breaks off.")
    raise WrongFields(f"Send {wanted} as files in the form.")


async def _stream(request: Request) -> AsyncGenerator[bytes, None]:
    async for chunk in request.stream():
        yield chunk
