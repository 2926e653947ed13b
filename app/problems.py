"""The one table from errors to ``application/problem+json`` (RFC 9457), and the responses made from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
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

from .errors import (
    AmbiguousLength,
    BadForm,
    BadInferenceRequest,
    BadRequest,
    BodyTooLarge,
    ClientGone,
    DeadlinePassed,
    Draining,
    EncodedBody,
    HeadersTooLarge,
    LengthRequired,
    NoCollection,
    NoKey,
    NotAcceptable,
    NotDicom,
    NotReady,
    QueueFull,
    ReloadFailed,
    SpoolFull,
    TooManyUploads,
    UnknownVersion,
    UntrustedMask,
    UploadTooSlow,
    WrongFields,
    WrongKey,
    WrongTensors,
)
from .parameters import parameter_errors
from .schemas import Problem

PROBLEM_JSON = "application/problem+json"
REASON_KEY = "pleura.reason"
"""The key in a request's scope for the reason of its rejection, for metrics and log."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A problem type: the HTTP status, a stable slug for programs, a title for people."""

    status: int
    slug: str
    title: str


class ErrorForm(Protocol):
    """A function that writes an error as a response."""

    def __call__(self, kind: ProblemType, detail: str, *, headers: dict[str, str] | None = None) -> Response:
        """Return the response for an error of ``kind``; ``detail`` is the sentence for the user."""
        ...


TABLE: dict[type[Exception], ProblemType] = {
    UnreadableImage: ProblemType(400, "unreadable-image", "The image cannot be read"),
    BadForm: ProblemType(400, "bad-form", "The form cannot be read"),
    BadInferenceRequest: ProblemType(400, "bad-inference-request", "The inference request cannot be read"),
    BadRequest: ProblemType(400, "bad-request", "The request cannot be read"),
    AmbiguousLength: ProblemType(400, "ambiguous-length", "The request's length is ambiguous"),
    WrongKey: ProblemType(401, "wrong-key", "A valid key is needed"),
    NoKey: ProblemType(403, "no-key", "The service has no key"),
    UnknownVersion: ProblemType(404, "unknown-version", "This version is not served"),
    NotAcceptable: ProblemType(406, "not-acceptable", "No such answer can be given"),
    UploadTooSlow: ProblemType(408, "upload-too-slow", "The request took too long to arrive"),
    NoCollection: ProblemType(409, "no-collection", "The service keeps no collection"),
    ReloadFailed: ProblemType(409, "reload-failed", "The new checkpoint is not served"),
    LengthRequired: ProblemType(411, "length-required", "The request has no length"),
    BodyTooLarge: ProblemType(413, "body-too-large", "The request is too large"),
    ImageTooLarge: ProblemType(413, "image-too-large", "The image has too many pixels"),
    UnsupportedImage: ProblemType(415, "unsupported-image", "This type of image is not read"),
    EncodedBody: ProblemType(415, "encoded-body", "The body is compressed"),
    SizeMismatch: ProblemType(422, "size-mismatch", "Image and mask differ in size"),
    UnsuitableMask: ProblemType(422, "unsuitable-mask", "The mask cannot be used"),
    UnsuitableImage: ProblemType(422, "unsuitable-image", "The image is not a single radiograph"),
    NotDicom: ProblemType(422, "not-dicom", "The image is not DICOM"),
    WrongFields: ProblemType(422, "wrong-fields", "The form does not hold what is needed"),
    WrongTensors: ProblemType(422, "wrong-tensors", "The tensors are not what is needed"),
    UntrustedMask: ProblemType(422, "untrusted-mask", "The mask cannot be trusted"),
    RequestValidationError: ProblemType(422, "wrong-parameters", "A parameter is wrong"),
    QueueFull: ProblemType(429, "queue-full", "Too many images are waiting"),
    TooManyUploads: ProblemType(429, "too-many-uploads", "Too many images are arriving"),
    HeadersTooLarge: ProblemType(431, "head-too-large", "The request headers are too large"),
    ClientGone: ProblemType(499, "client-gone", "The client closed the connection"),
    ImageError: ProblemType(400, "wrong-image", "The image cannot be used"),
    PleuraError: ProblemType(500, "internal-error", "Something went wrong"),
    EngineError: ProblemType(503, "engine-failed", "The network could not be run"),
    NotReady: ProblemType(503, "not-ready", "The service is not ready"),
    Draining: ProblemType(503, "draining", "The service is stopping"),
    DeadlinePassed: ProblemType(504, "deadline-passed", "The image waited too long"),
    SpoolFull: ProblemType(507, "spool-full", "The upload could not be stored"),
}

_SENTENCES = {
    404: "There is nothing at this path. /docs lists the endpoints.",
    405: "This path does not support the method. The Allow header lists the supported methods.",
}


def problem(kind: ProblemType, detail: str, *, headers: dict[str, str] | None = None) -> Response:
    """Return a problem document as a response.

    Args:
        kind: The type of the problem, which has the status.
        detail: A sentence: what is wrong, then what to do.
        headers: Further headers; None for none.
    """
    body = Problem(
        type=f"urn:pleura:problem:{kind.slug}", title=kind.title, status=kind.status, detail=detail
    )
    return Response(body.model_dump_json(), kind.status, headers, PROBLEM_JSON)


def internal_error(scope: Scope) -> Response:
    """Return the response for an unexpected error."""
    sentence = "The service failed on this request. Report it with the X-Request-ID."
    return _error_response(scope, TABLE[PleuraError], sentence)


def install(app: FastAPI, *, forms: Mapping[str, ErrorForm]) -> None:
    """Register the handler that turns each error of a route into a response.

    Args:
        app: The application.
        forms: The form of errors of each router that has a different one than `problem`, by the router's
            prefix. It holds for every path below the prefix, also where no route matches.
    """
    app.state.error_forms = forms
    for error in (*TABLE, HTTPException):
        app.add_exception_handler(error, _handle)


def answer(scope: Scope, error: Exception) -> Response:
    """Return the response for an error of `TABLE`, or for one of Starlette's."""
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        kind = ProblemType(error.status_code, phrase.lower().replace(" ", "-"), phrase)
        detail = _SENTENCES.get(error.status_code, str(error.detail))
        headers.update(error.headers or {})
    else:
        kind = next(TABLE[ancestor] for ancestor in type(error).__mro__ if ancestor in TABLE)
        detail = str(error)
        if isinstance(error, RequestValidationError):
            detail = parameter_errors(scope, error)
    if kind.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="pleura"'
    if "Allow" in headers:
        # Starlette names the methods of the first route of a path only.
        methods = _methods(scope).union(headers["Allow"].split(", "))
        headers["Allow"] = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    if kind.status in (429, 503):
        headers["Retry-After"] = str(getattr(error, "retry_after", None) or 1)
    if isinstance(error, EncodedBody):
        headers["Accept-Encoding"] = "identity"
    # The bytes that follow on this connection may not be a request.
    if isinstance(error, UploadTooSlow | AmbiguousLength | LengthRequired):
        headers["Connection"] = "close"
    scope[REASON_KEY] = kind.slug
    return _error_response(scope, kind, detail, headers=headers)


def _methods(scope: Scope) -> set[str]:
    """Return the methods of all routes of a path."""
    return {
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        for route in scope["app"].routes
        if route.matches({**scope, "method": method})[0] is Match.FULL
    }


def _error_response(
    scope: Scope, kind: ProblemType, detail: str, *, headers: dict[str, str] | None = None
) -> Response:
    """Return an error in the form that its router has declared, by default a problem document."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    forms: Mapping[str, ErrorForm] = scope["app"].state.error_forms
    declared = (form for prefix, form in forms.items() if f"{path}/".startswith(f"{prefix}/"))
    return next(declared, problem)(kind, detail, headers=headers)


async def _handle(request: Request, error: Exception) -> Response:
    return answer(request.scope, error)
