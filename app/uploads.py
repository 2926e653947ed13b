"""From a request to image bytes. Every limit is a keyword."""

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
from .misread import Received, is_json, require_image
from .spool import Spool

T = TypeVar("T")


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
            LengthRequired, BadRequest, EncodedBody, TooManyUploads, UploadTooSlow, BodyTooLarge, BadForm, WrongFields, UnsupportedImage,
            SpoolFull, ClientGone
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
        """What ``read`` makes of the body as it is. Until then it counts as arriving.

        Raises:
            LengthRequired, BadRequest, EncodedBody, TooManyUploads, UploadTooSlow, BodyTooLarge, SpoolFull, ClientGone
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
                "The service has no room for this upload. Try again later, or give its temporary folder more space."
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


async def _files(request: Request, *, fields: tuple[str, ...]) -> list[Received]:
    content_type = request.headers.get("content-type", "")
    kind, _ = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        return await FormReader(content_type, fields).read(request.stream())
    if len(fields) == 1:
        return [Received(await _body(request), content_type)]
    if is_json(content_type):
        raise UnsupportedImage(
            f"JSON is not read here: send a form, as multipart/form-data. {expected(fields)}"
        )
    raise WrongFields(f"The body is no form: send one, as multipart/form-data. {expected(fields)}")


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
    """Refuses a body that has no length or is compressed.

    Raises:
        LengthRequired: the headers do not say that there is a body.
        BadRequest: the same of HTTP/1.0, which does not know that status (RFC 1945, 7.2.2).
        EncodedBody: the body is compressed.
    """
    headers = request.headers
    if not {"content-length", "transfer-encoding"} & set(headers):
        error = BadRequest if request.scope["http_version"] == "1.0" else LengthRequired
        raise error(
            "The request has neither Content-Length nor Transfer-Encoding, so that HTTP takes it to have no body: send one "
            "of them, and the image."
        )
    encodings = {
        one.strip().lower() for line in headers.getlist("content-encoding") for one in line.split(",")
    }
    if encodings - {"", "identity"}:
        raise EncodedBody("The body has a Content-Encoding. Send it uncompressed, without that header.")
