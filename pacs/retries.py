"""Retries with exponential back-off, by tenacity."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_never,
    wait_exponential,
    wait_random_exponential,
)

from logs import log

from .errors import Stopped, Unavailable

T = TypeVar("T")

LONGEST_S = 60.0

# 1, 2, 4… seconds; half of each pause is random, so that several watchers do not retry at the same time.
_BACKOFF = wait_exponential(multiplier=0.5, max=LONGEST_S / 2) + wait_random_exponential(
    multiplier=0.5, max=LONGEST_S / 2
)


class Retries:
    """Retry policy for calls to the PACS.

    Args:
        wait: Waits for a number of seconds and returns whether to stop.
    """

    def __init__(self, wait: Callable[[float], bool]) -> None:
        self._wait = wait

    def __call__(self, call: Callable[[], T], *, attempts: int | None) -> T:
        """Call until it succeeds, and return its result.

        Args:
            call: Raises `Unavailable` to be called again.
            attempts: Most calls; None for no limit.

        Raises:
            Unavailable: The last attempt failed.
            Stopped: A stop was requested during a pause.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_never if attempts is None else stop_after_attempt(attempts),
            wait=_pause,
            sleep=self._sleep,
            before_sleep=_log,
            reraise=True,
        )
        return retrying(call)

    def _sleep(self, seconds: float) -> None:
        if self._wait(seconds):
            raise Stopped


def _pause(state: RetryCallState) -> float:
    pause = _BACKOFF(state)
    asked = _failure(state).retry_after_s
    return pause if asked is None else min(max(pause, asked), LONGEST_S)


def _log(state: RetryCallState) -> None:
    fields = {"reason": _failure(state).reason, "again_in_s": round(state.upcoming_sleep, 1)}
    log.warning("the PACS is not available", extra={"fields": fields})


def _failure(state: RetryCallState) -> Unavailable:
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, Unavailable)
    return error
