"""What can go wrong over HTTP, and the only table from errors to status and ``application/problem+json`` (RFC 9457)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from model.errors import (
    EngineError,
    ImageError,
    ImageTooLarge,
    PleuraError,
    SizeMismatch,
    UnreadableImage,
    UnsuitableImage,
    UnsuitableMask,
    UnsupportedImage,
)

from .open_inference.schemas import InferenceError
from .parameters import parameter_errors
from .schemas import Problem

PROBLEM_JSON = "application/problem+json"
REASON_KEY = "pleura.reason"
"""Where a request's scope says why it was refused, for the metrics."""


class ServiceError(Exception):
    """The service does not do what was asked. ``retry_after`` is in seconds."""

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class BadForm(ServiceError):
    """The multipart body is damaged."""


class BadRequest(ServiceError):
    """The request is not HTTP, or not addressed to anything."""


class LengthRequired(ServiceError):
    """The headers do not say that there is a body."""


class AmbiguousLength(ServiceError):
    """The headers say two things about the body's length."""


class HeadTooLarge(ServiceError):
    """The request line and the headers have more bytes than allowed."""

    @classmethod
    def over(cls, max_bytes: int) -> Self:
        """Says how many are allowed."""
        return cls(
            f"The request line and the headers have more than {max_bytes / 1000:g} kB. Send fewer or shorter headers."
        )


class WrongKey(ServiceError):
    """The request carries no key, or a wrong one."""


class NoKey(ServiceError):
    """What only a holder of a key may do was asked for, and the service has no keys."""


class ReloadFailed(ServiceError):
    """The new checkpoint cannot be served."""


class NotAcceptable(ServiceError):
    """Nothing that can be written is accepted."""


class UploadTooSlow(ServiceError):
    """The body did not arrive in time."""


class EncodedBody(ServiceError):
    """The body is compressed."""


class BodyTooLarge(ServiceError):
    """More bytes than allowed."""


class WrongFields(ServiceError):
    """The form does not hold what the endpoint takes."""


class BadInferenceRequest(ServiceError):
    """The body is no request of the Open Inference Protocol."""


class WrongTensors(ServiceError):
    """The tensors are not those that the model takes."""


class UnknownVersion(ServiceError):
    """Another version of the model was asked for than the one that is served."""


class NotDicom(ServiceError):
    """A DICOM answer was asked for an image that is not DICOM."""


class NoCollection(ServiceError):
    """A corrected mask was sent to be kept, and the service keeps none."""


class UntrustedMask(ServiceError):
    """The mask cannot be trusted, and the service is told to refuse such masks."""


class TooManyUploads(ServiceError):
    """Too many bodies arrive at the same time."""


class QueueFull(ServiceError):
    """Too many images wait for the network."""


class ClientGone(ServiceError):
    """The client closed the connection; nobody reads the answer."""


class NotReady(ServiceError):
    """The model is loading, or its engine fails."""


class Draining(ServiceError):
    """The service is stopping."""

    def __init__(self) -> None:
        super().__init__(
            "The service is stopping: send the request again, to another instance or in a while."
        )


class DeadlinePassed(ServiceError):
    """The image waited too long."""


class SpoolFull(ServiceError):
    """The upload could not be stored while it arrived."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of error is told: its status, a stable word for machines, a title for people."""

    status: int
    word: str
    title: str


TABLE: dict[type[Exception], Kind] = {
    UnreadableImage: Kind(400, "unreadable-image", "The image cannot be read"),
    BadForm: Kind(400, "bad-form", "The form cannot be read"),
    BadInferenceRequest: Kind(400, "bad-inference-request", "The inference request cannot be read"),
    BadRequest: Kind(400, "bad-request", "The request cannot be read"),
    AmbiguousLength: Kind(400, "ambiguous-length", "The request's length is ambiguous"),
    WrongKey: Kind(401, "wrong-key", "A valid key is needed"),
    NoKey: Kind(403, "no-key", "The service has no key"),
    UnknownVersion: Kind(404, "unknown-version", "This version is not served"),
    NotAcceptable: Kind(406, "not-acceptable", "No such answer can be given"),
    UploadTooSlow: Kind(408, "upload-too-slow", "The request took too long to arrive"),
    NoCollection: Kind(409, "no-collection", "The service keeps no collection"),
    ReloadFailed: Kind(409, "reload-failed", "The new checkpoint is not served"),
    LengthRequired: Kind(411, "length-required", "The request has no length"),
    BodyTooLarge: Kind(413, "body-too-large", "The request is too large"),
    ImageTooLarge: Kind(413, "image-too-large", "The image has too many pixels"),
    UnsupportedImage: Kind(415, "unsupported-image", "This type of image is not read"),
    EncodedBody: Kind(415, "encoded-body", "The body is compressed"),
    SizeMismatch: Kind(422, "size-mismatch", "Image and mask differ in size"),
    UnsuitableMask: Kind(422, "unsuitable-mask", "The mask cannot be used"),
    UnsuitableImage: Kind(422, "unsuitable-image", "The image is not a single radiograph"),
    NotDicom: Kind(422, "not-dicom", "The image is not DICOM"),
    WrongFields: Kind(422, "wrong-fields", "The form does not hold what is needed"),
    WrongTensors: Kind(422, "wrong-tensors", "The tensors are not what is needed"),
    UntrustedMask: Kind(422, "untrusted-mask", "The mask cannot be trusted"),
    RequestValidationError: Kind(422, "wrong-parameters", "A parameter is wrong"),
    QueueFull: Kind(429, "queue-full", "Too many images are waiting"),
    TooManyUploads: Kind(429, "too-many-uploads", "Too many images are arriving"),
    HeadTooLarge: Kind(431, "head-too-large", "The request headers are too large"),
    ClientGone: Kind(499, "client-gone", "The client closed the connection"),
    ImageError: Kind(400, "wrong-image", "The image cannot be used"),
    PleuraError: Kind(500, "internal-error", "Something went wrong"),
    EngineError: Kind(503, "engine-failed", "The network could not be run"),
    NotReady: Kind(503, "not-ready", "The service is not ready"),
    Draining: Kind(503, "draining", "The service is stopping"),
    DeadlinePassed: Kind(504, "deadline-passed", "The image waited too long"),
    SpoolFull: Kind(507, "spool-full", "The upload could not be stored"),
}

_SENTENCES = {
    404: "There is nothing at this address: /docs lists what there is.",
    405: "This address does not take that method: the Allow header lists those that it takes.",
}


def problem(kind: Kind, detail: str, *, headers: dict[str, str] | None = None) -> Response:
    """An error as a response."""
    body = Problem(
        type=f"urn:pleura:problem:{kind.word}", title=kind.title, status=kind.status, detail=detail
    )
    return Response(body.model_dump_json(), kind.status, headers, PROBLEM_JSON)


def internal_error(scope: Scope) -> Response:
    """What an error that nobody foresaw looks like from outside."""
    sentence = "The service failed at this request: report it with the X-Request-ID."
    return _told(scope, TABLE[PleuraError], sentence)


def install(app: FastAPI) -> None:
    """Makes each error that leaves a route a problem document."""
    for error in (*TABLE, HTTPException):
        app.add_exception_handler(error, _handle)


def answer(scope: Scope, error: Exception) -> Response:
    """The response for an error of `TABLE`, or for one of Starlette's."""
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        kind = Kind(error.status_code, phrase.lower().replace(" ", "-"), phrase)
        detail = _SENTENCES.get(error.status_code, str(error.detail))
        headers.update(error.headers or {})
    else:
        kind = next(TABLE[ancestor] for ancestor in type(error).__mro__ if ancestor in TABLE)
        detail = str(error)
        if isinstance(error, RequestValidationError):
            detail = parameter_errors(scope, error)
    if kind.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="pleura"'
    if "GET" in headers.get("Allow", ""):
        headers["Allow"] = ", ".join(sorted({"HEAD", *headers["Allow"].split(", ")}))
    if kind.status in (429, 503):
        headers["Retry-After"] = str(getattr(error, "retry_after", None) or 1)
    if isinstance(error, EncodedBody):
        headers["Accept-Encoding"] = "identity"
    # What comes next on such a connection is not to be trusted to be a request.
    if isinstance(error, UploadTooSlow | AmbiguousLength | LengthRequired):
        headers["Connection"] = "close"
    scope[REASON_KEY] = kind.word
    return _told(scope, kind, detail, headers=headers)


def _told(scope: Scope, kind: Kind, detail: str, *, headers: dict[str, str] | None = None) -> Response:
    """A problem document or, where the Open Inference Protocol is spoken, its own."""
    if f"{scope['path']}/".startswith(f"{scope.get('root_path', '')}/v2/"):
        error = InferenceError(error=detail)
        return Response(error.model_dump_json(), kind.status, headers, "application/json")
    return problem(kind, detail, headers=headers)


async def _handle(request: Request, error: Exception) -> Response:
    return answer(request.scope, error)
