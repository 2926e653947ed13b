"""What can go wrong, as one tree. Each message is a sentence that says what to do; the service's own, where it sent one."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as the service tells it (RFC 9457).

    Attributes:
        type: a stable URI for this kind of error; ``about:blank`` where it was not the service that answered.
        title: the kind of error in words.
        status: the HTTP status.
        detail: what to do about it.
    """

    type: str
    title: str
    status: int
    detail: str


class PleuraClientError(Exception):
    """Anything that this package raises for a reason that its user can mend."""


class InvalidArgument(PleuraClientError, ValueError):
    """What was given cannot be sent: nothing was asked of the service."""


class ServiceUnreachable(PleuraClientError):
    """No answer came: nothing listens, the connection broke, or the time was over."""


class UnexpectedAnswer(PleuraClientError):
    """An answer came that is not Pleura's."""


class ServiceError(PleuraClientError):
    """The service answered with an error.

    Attributes:
        problem: the error as the service tells it.
        retry_after: seconds after which to try again, where the service said so.
    """

    def __init__(self, problem: Problem, *, retry_after: float | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.retry_after = retry_after

    # An error with keyword arguments must say how it is copied, or it cannot leave a process pool.
    def __reduce__(self) -> tuple[type[Self], tuple[Problem], dict[str, float | None]]:
        return type(self), (self.problem,), {"retry_after": self.retry_after}

    @property
    def title(self) -> str:
        """The kind of error in words."""
        return self.problem.title

    @property
    def detail(self) -> str:
        """What to do about it; also the message."""
        return self.problem.detail

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status


class RequestRefused(ServiceError):
    """This request cannot be served: the same one will be refused again."""


class WrongKey(RequestRefused):
    """The service wants a key, and got none or a wrong one."""


class ServiceUnavailable(ServiceError):
    """The service cannot serve this request now: the same one may be served later."""
