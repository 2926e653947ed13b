"""What the PACS could not give or take, and when it is tried again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import monotonic

FIRST_S, LONGEST_S = 60.0, 3600.0

MOST_FAILURES = 30
"""With these pauses about a day."""


@dataclass(slots=True)
class _Failure:
    series: str
    times: int
    due: float


class Postponed:
    """UIDs that failed: each waits a minute, then two, four… up to an hour, until it has failed too often.

    Args:
        clock: seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, _Failure] = {}

    def __len__(self) -> int:
        return len(self._failures)

    def put(self, uid: str, *, series: str) -> bool:
        """Note a failure of a series or of an instance in it.

        Returns:
            Whether there is to be another try; if not, the UID is forgotten.
        """
        before = self._failures.get(uid)
        times = 1 if before is None else before.times + 1
        if times >= MOST_FAILURES:
            self.forget(uid)
            return False
        due = self._clock() + min(FIRST_S * 2.0 ** (times - 1), LONGEST_S)
        self._failures[uid] = _Failure(series, times, due)
        return True

    def knows(self, uid: str) -> bool:
        """Whether it has failed before."""
        return uid in self._failures

    def holds(self, uid: str) -> bool:
        """Whether its time has not come yet."""
        failure = self._failures.get(uid)
        return failure is not None and self._clock() < failure.due

    def forget(self, uid: str) -> None:
        """Its end has come, good or bad."""
        self._failures.pop(uid, None)

    def series(self) -> set[str]:
        """The series that something waits in."""
        return {failure.series for failure in self._failures.values()}

    def keep(self, series: str, uids: Collection[str]) -> None:
        """Forget what waits in a series and is none of ``uids``: the PACS does not list it any more."""
        for uid, failure in list(self._failures.items()):
            if failure.series == series and uid not in uids:
                del self._failures[uid]
