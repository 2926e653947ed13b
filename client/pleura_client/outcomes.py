"""What can come of a request: an answer, or why there was none."""

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
    """What to raise for an outcome that is not a success."""
    if isinstance(outcome, httpx.Response):
        return _service_error(outcome)
    where = address(outcome.request.url)
    match outcome:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return ServiceUnreachable(
                f"Nothing answers at {where}: check the address, and that the service runs."
            )
        case httpx.TimeoutException():
            return ServiceUnreachable(f"No answer came from {where} in time: try again, or allow more time.")
        case httpx.TransportError():
            return ServiceUnreachable(f"The connection to {where} broke ({outcome}): try again later.")
        case _:
            return UnexpectedAnswer(f"The answer of {where} cannot be read ({outcome}): check the address.")


def retry_after(response: httpx.Response, *, now: float) -> float | None:
    """Seconds that ``Retry-After`` asks to wait (RFC 9110, section 10.2.3); None where it does not.

    ``now`` is in seconds since 1970.
    """
    value: str = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def address(url: httpx.URL) -> str:
    """An address as it is told to people, without the password that it may hold."""
    return str(url.copy_with(query=None, userinfo=b""))


def media_type(response: httpx.Response) -> str:
    """What an answer says that it is, without parameters; empty where it does not say."""
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
    # Something else answered, as a rule a proxy.
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "not a status of HTTP"
    return Problem(
        type="about:blank",
        title=phrase,
        status=status,
        detail=f"{address(response.url)} answered {status} ({phrase}), and not as Pleura does: "
        "check the address, and what stands before the service.",
    )
