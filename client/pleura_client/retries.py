"""The retry policy, without I/O: the clients send and sleep.

Not tenacity: the client depends on httpx and NumPy only, and both clients share one rule that reads
``Retry-After``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import random
from time import time

import httpx

from .errors import InvalidArgument
from .outcomes import Outcome, retry_after

_FIRST_S = 0.5

_TRANSIENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
"""Connection failures before a response. A read timeout is not one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Exponential back-off with jitter that honours ``Retry-After``.

    Retried: 429 (the queue is full), 503 (not ready, or stopping), and requests without a response
    because the connection failed. Not retried: 504, since the service held the image for its whole
    timeout, and a retry would only make the queue longer.

    Attributes:
        times: Number of retries.
        longest_s: Longest pause in seconds. If the service asks for more, the request is not retried.
        jitter: Returns a number from 0 to 1, so that clients that failed together do not retry together.
        clock: Returns seconds since 1970.
    """

    times: int
    longest_s: float
    jitter: Callable[[], float] = random
    clock: Callable[[], float] = time

    def __post_init__(self) -> None:
        if self.times < 0 or not self.longest_s >= 0:
            raise InvalidArgument("retries and max_wait must not be negative: give 0 or more.")

    def wait(self, outcome: Outcome, *, sent: int) -> float | None:
        """Return the pause before a retry.

        The pause is ``Retry-After`` plus a random share of a time that doubles with each failure.

        Args:
            outcome: The outcome of the request.
            sent: Number of times it was sent.

        Returns:
            Seconds, or None if the outcome is final.
        """
        if sent > self.times:
            return None
        asked: float = 0
        if isinstance(outcome, httpx.Response):
            if outcome.status_code not in (429, 503):
                return None
            asked = retry_after(outcome, now=self.clock()) or 0
        elif not isinstance(outcome, _TRANSIENT):
            return None
        if asked > self.longest_s:
            return None
        # The limit is reached long before 2**30.
        backoff = min(self.longest_s, _FIRST_S * 2.0 ** min(sent - 1, 30))
        return min(self.longest_s, asked + self.jitter() * backoff)
