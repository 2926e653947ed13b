"""Reception of request bodies: limits of size, number and time, and the files in a body."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TypeVar

from prometheus_client import Gauge
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from model.errors import UnsupportedImage

from .content_check import Received, is_json, require_image
from .errors import (
    BadRequest,
    BodyTooLarge,
    ClientGone,
    EncodedBody,
    LengthRequired,
    SpoolFull,
    TooManyUploads,
    UploadTooSlow,
    WrongFields,
)
from .forms import FormReader, expected
from .spool import Spool

T = TypeVar("T")


class Intake:
    """Receives request bodies.

    Args:
        max_bytes: The most bytes of a body, form boundaries included.
        max_uploads: The most bodies received at the same time.
        timeout_s: Seconds for a body to arrive.
        arriving: Counts the bodies that are being received.
    """

    def __init__(self, *, max_bytes: int, max_uploads: int, timeout_s: float, arriving: Gauge) -> None:
        self._max_bytes = max_bytes
        self._max_uploads = max_uploads
        self._timeout_s = timeout_s
        self._arriving = arriving
        self._count = 0

    @asynccontextmanager
    async def images(self, request: Request, *fields: str) -> AsyncIterator[list[UploadFile]]:
        """Receive the files in the form fields ``fields``, in that order.

        A body that is not a form is the file of the first field.

        Raises:
            ServiceError: One of LengthRequired, BadRequest, EncodedBody, TooManyUploads, UploadTooSlow,
                BodyTooLarge, BadForm, WrongFields, SpoolFull, ClientGone.
            UnsupportedImage: A file is no image.
        """
        with self._arrival():
            received = await self._receive(request, partial(_files, fields=fields))
        try:
            for one in received:
                await require_image(one)
            yield [one.upload for one in received]
        finally:
            for one in received:
                await one.upload.close()

    async def read(self, request: Request, read: Callable[[UploadFile], Awaitable[T]]) -> T:
        """Return ``read(body)``. The body counts as arriving until then.

        Args:
            request: The request.
            read: Reads the body, which is closed afterwards.

        Raises:
            ServiceError: One of LengthRequired, BadRequest, EncodedBody, TooManyUploads, UploadTooSlow,
                BodyTooLarge, SpoolFull, ClientGone.
        """
        with self._arrival():
            upload = await self._receive(request, _body)
            try:
                return await read(upload)
            finally:
                await upload.close()

    @contextmanager
    def _arrival(self) -> Iterator[None]:
        """Count one body while it is received."""
        if self._count >= self._max_uploads:
            raise TooManyUploads(f"{self._max_uploads} uploads are in progress already. Try again in 1 s.")
        self._count += 1
        try:
            with self._arriving.track_inprogress():
                yield
        except OSError:
            raise SpoolFull(
                "The service has no disk space for this upload. Try again later, or give its temporary "
                "folder more space."
            ) from None
        finally:
            self._count -= 1

    async def _receive(self, request: Request, take: Callable[[Request], Awaitable[T]]) -> T:
        _require_plain(request)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await take(self._limited(request))
        except TimeoutError:
            raise UploadTooSlow(
                f"The body did not arrive within {self._timeout_s:g} s. Send a smaller image or use a faster "
                "connection."
            ) from None
        except ClientDisconnect:
            raise ClientGone("The connection was closed before the body had arrived.") from None

    def _limited(self, request: Request) -> Request:
        """Return the request with a body that is limited to the allowed size."""
        too_large = BodyTooLarge(
            f"The body is larger than the allowed {self._max_bytes / 1_000_000:g} MB. Send a smaller image."
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


async def _files(request: Request, *, fields: tuple[str, ...]) -> list[Received]:
    content_type = request.headers.get("content-type", "")
    kind, _ = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        return await FormReader(content_type, fields).read(request.stream())
    if len(fields) == 1:
        return [Received(await _body(request), content_type)]
    if is_json(content_type):
        raise UnsupportedImage(
            f"JSON is not read here. Send a form as multipart/form-data. {expected(fields)}"
        )
    raise WrongFields(f"The body is not a form. Send multipart/form-data. {expected(fields)}")


async def _body(request: Request) -> UploadFile:
    spool = Spool()
    try:
        async for chunk in request.stream():
            spool.add(chunk)
            await spool.store()
        return await spool.finish()
    except BaseException:
        await spool.upload.close()
        raise


def _require_plain(request: Request) -> None:
    """Reject a body without a length, and a compressed body.

    Raises:
        LengthRequired: The headers announce no body.
        BadRequest: The same under HTTP/1.0, which has no status 411 (RFC 1945, 7.2.2).
        EncodedBody: The body is compressed.
    """
    headers = request.headers
    if not {"content-length", "transfer-encoding"} & set(headers):
        error = BadRequest if request.scope["http_version"] == "1.0" else LengthRequired
        raise error(
            "The request has neither Content-Length nor Transfer-Encoding, so it has no body. Send one of "
            "these headers, and the image."
        )
    encodings = {
        one.strip().lower() for line in headers.getlist("content-encoding") for one in line.split(",")
    }
    if encodings - {"", "identity"}:
        raise EncodedBody("The body has a Content-Encoding. Send it uncompressed, without that header.")
