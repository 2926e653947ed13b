"""The outcome of a request: a response or a transport error."""

from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import time
from typing import TypeAlias

import httpx

from .errors import (
    PleuraClientError,
    Problem,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    ServiceUnreachable,
    UnexpectedAnswer,
    WrongKey,
)

Outcome: TypeAlias = httpx.Response | httpx.RequestError

_PROBLEM_JSON = "application/problem+json"


def error(outcome: Outcome) -> PleuraClientError:
    """Return the exception for an outcome that is not a success."""
    if isinstance(outcome, httpx.Response):
        return _service_error(outcome)
    where = address(outcome.request.url)
    match outcome:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return ServiceUnreachable(
                f"Nothing answers at {where}: check the address, and that the service runs."
            )
        case httpx.TimeoutException():
            return ServiceUnreachable(f"{where} timed out: try again, or increase the timeout.")
        case httpx.TransportError():
            return ServiceUnreachable(f"The connection to {where} broke ({outcome}): try again later.")
        case _:
            return UnexpectedAnswer(f"The response of {where} cannot be read ({outcome}): check the address.")


def retry_after(response: httpx.Response, *, now: float) -> float | None:
    """Return the delay of ``Retry-After`` in seconds (RFC 9110, section 10.2.3); None if there is none.

    Args:
        response: A response with status 429 or 503.
        now: Seconds since the epoch.
    """
    value: str = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def address(url: httpx.URL) -> str:
    """Return an address for messages, without query and credentials."""
    return str(url.copy_with(query=None, userinfo=b""))


def media_type(response: httpx.Response) -> str:
    """Return the media type of a response without parameters; empty if there is none."""
    content_type: str = response.headers.get("Content-Type", "")
    return content_type.partition(";")[0].strip().lower()


def _service_error(response: httpx.Response) -> ServiceError:
    status = response.status_code
    kind: type[ServiceError] = RequestRefused
    if status == 401:
        kind = WrongKey
    elif status >= 500 or status in (408, 429):
        kind = ServiceUnavailable
    return kind(_problem(response), retry_after=retry_after(response, now=time()))


def _problem(response: httpx.Response) -> Problem:
    status = response.status_code
    if media_type(response) == _PROBLEM_JSON:
        try:
            told = response.json()
            return Problem(
                type=str(told["type"]), title=str(told["title"]), status=status, detail=str(told["detail"])
            )
        except (ValueError, KeyError, TypeError):
            pass
    # Not a response of the service; usually of a proxy.
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "not an HTTP status"
    return Problem(
        type="about:blank",
        title=phrase,
        status=status,
        detail=f"{address(response.url)} answered {status} ({phrase}) without a problem document of Pleura: "
        "check the address, and any proxy in front of the service.",
    )
