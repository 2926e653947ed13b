"""Trying again, ever more seldom."""

import random
from collections.abc import Callable
from typing import TypeVar

from ..logs import log
from .errors import Stopped, Unavailable

T = TypeVar("T")

LONGEST_S = 60.0


def back_off(attempt: int) -> float:
    """Seconds before the next attempt: 1, 2, 4… up to `LONGEST_S`, less a random part, so that watchers do not come in step."""
    return min(2.0 ** min(attempt, 16), LONGEST_S) * random.uniform(0.5, 1)


class Patience:
    """Calls again what the PACS could not answer.

    Args:
        wait: waits so many seconds, and says whether to stop.
    """

    def __init__(self, wait: Callable[[float], bool]) -> None:
        self._wait = wait

    def __call__(self, call: Callable[[], T], *, attempts: int | None) -> T:
        """What ``call`` returns, at last.

        Args:
            call: what to do.
            attempts: how often at most; None for as long as it takes.

        Raises:
            Unavailable: the last attempt failed, too.
            Stopped: told to stop between two of them.
        """
        attempt = 0
        while True:
            try:
                return call()
            except Unavailable as error:
                if attempts is not None and attempt + 1 >= attempts:
                    raise
                delay = back_off(attempt)
                if error.retry_after_s is not None:
                    delay = min(max(delay, error.retry_after_s), LONGEST_S)
                log.warning(
                    "the PACS is not available",
                    extra={"fields": {"reason": error.reason, "again_in_s": round(delay, 1)}},
                )
                if self._wait(delay):
                    raise Stopped from error
                attempt += 1
