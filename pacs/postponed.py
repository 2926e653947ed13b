"""Series and instances that failed, and when to try each again.

A schedule across rounds, not a retry loop: other instances are processed meanwhile, so tenacity does
not fit.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import monotonic

FIRST_S, LONGEST_S = 60.0, 3600.0

MOST_FAILURES = 30
"""About a day with these pauses."""


def pause_s(failures: int) -> float:
    """Return the seconds until the next attempt after some failures before the present one."""
    return min(FIRST_S * 2.0**failures, LONGEST_S)


@dataclass(slots=True)
class _Failure:
    series: str
    times: int
    due: float


class Postponed:
    """UIDs that failed. The pause doubles from one minute up to an hour, until the limit of failures.

    Args:
        clock: Returns seconds from any origin.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, _Failure] = {}

    def __len__(self) -> int:
        return len(self._failures)

    def put(self, uid: str, *, series: str) -> bool:
        """Record a failure of a series or of an instance in it.

        Args:
            uid: SOP Instance UID, or the Series Instance UID itself.
            series: Series Instance UID.

        Returns:
            Whether to try again; if not, the UID is forgotten.
        """
        before = self._failures.get(uid)
        times = 1 if before is None else before.times + 1
        if times >= MOST_FAILURES:
            self.forget(uid)
            return False
        due = self._clock() + pause_s(times - 1)
        self._failures[uid] = _Failure(series, times, due)
        return True

    def knows(self, uid: str) -> bool:
        """Whether it has failed before."""
        return uid in self._failures

    def holds(self, uid: str) -> bool:
        """Whether the next attempt is not due yet."""
        failure = self._failures.get(uid)
        return failure is not None and self._clock() < failure.due

    def forget(self, uid: str) -> None:
        """Remove a UID that succeeded or failed for good."""
        self._failures.pop(uid, None)

    def series(self) -> set[str]:
        """Return the series that have a pending UID."""
        return {failure.series for failure in self._failures.values()}

    def keep(self, series: str, uids: Collection[str]) -> None:
        """Forget the pending UIDs of a series that are not in ``uids``: the PACS no longer lists them."""
        for uid, failure in list(self._failures.items()):
            if failure.series == series and uid not in uids:
                del self._failures[uid]
