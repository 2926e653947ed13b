"""When a request is sent again, and after how long. No I/O here: who sends also sleeps."""

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
"""The connection failed before there was an answer. A service that takes too long is not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a request that may be served later is repeated.

    Sent again: what was answered with 429 (the queue is full) or 503 (not ready, or stopping), and what got no answer because the
    connection failed. Not sent again: what was answered with 504. The service kept that image for its whole deadline; sending it
    once more only makes the queue longer that it waited in.

    Attributes:
        times: how often a request is sent again.
        longest_s: most seconds of one wait. A service that asks for more is not waited for.
        jitter: a number from 0 to 1, so that clients who failed together do not come back together.
        clock: seconds since 1970.
    """

    times: int
    longest_s: float
    jitter: Callable[[], float] = random
    clock: Callable[[], float] = time

    def __post_init__(self) -> None:
        if self.times < 0 or not self.longest_s >= 0:
            raise InvalidArgument("Give retries and max_wait as numbers that are not negative.")

    def wait(self, outcome: Outcome, *, sent: int) -> float | None:
        """Seconds until the request is sent again.

        What the service asks for with ``Retry-After`` comes first; on top comes a random share of a time that doubles from one
        failure to the next.

        Args:
            outcome: what came of it.
            sent: how often it has been sent.

        Returns:
            Seconds, or None: the outcome is final.
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
        # Beyond 2**30 the limit has long been reached.
        backoff = min(self.longest_s, _FIRST_S * 2.0 ** min(sent - 1, 30))
        return min(self.longest_s, asked + self.jitter() * backoff)
