"""The exceptions of the client. Each message says what to do; a message of the service is passed on."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem document of the service (RFC 9457).

    Attributes:
        type: Stable URI of the problem type; ``about:blank`` if the response is not from the service.
        title: Name of the problem type.
        status: HTTP status.
        detail: What is wrong, then what to do.
    """

    type: str
    title: str
    status: int
    detail: str


class PleuraClientError(Exception):
    """Base class of the errors that the user can correct."""


class InvalidArgument(PleuraClientError, ValueError):
    """An argument is invalid; no request was sent."""


class ServiceUnreachable(PleuraClientError):
    """There was no response: connection refused, connection lost, or timeout."""


class UnexpectedAnswer(PleuraClientError):
    """The response is not one of Pleura."""


class ServiceError(PleuraClientError):
    """The service responded with an error.

    Attributes:
        problem: The problem document.
        retry_after: Seconds after which to retry; None if the service gives none.
    """

    def __init__(self, problem: Problem, *, retry_after: float | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.retry_after = retry_after

    # Needed for pickling, because of the keyword argument.
    def __reduce__(self) -> tuple[type[Self], tuple[Problem], dict[str, float | None]]:
        return type(self), (self.problem,), {"retry_after": self.retry_after}

    @property
    def title(self) -> str:
        """Name of the problem type."""
        return self.problem.title

    @property
    def detail(self) -> str:
        """What is wrong, then what to do; also the message."""
        return self.problem.detail

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status


class RequestRefused(ServiceError):
    """The service rejects this request, and would reject it again."""


class WrongKey(RequestRefused):
    """The API key is missing or wrong."""


class ServiceUnavailable(ServiceError):
    """The service cannot serve this request now; a retry may succeed."""
