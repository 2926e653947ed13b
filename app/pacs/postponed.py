"""What the PACS could not give or take, and when it is tried again."""

from collections.abc import Callable
from time import monotonic

FIRST_S, LONGEST_S = 60.0, 3600.0

MOST_FAILURES = 30
"""With these pauses about a day."""


class Postponed:
    """UIDs that failed: each waits a minute, then two, four… up to an hour, until it has failed too often.

    Args:
        clock: seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def put(self, uid: str) -> bool:
        """Notes a failure. Returns whether there is to be another try; if not, the UID is forgotten."""
        failures = self._failures.get(uid, 0) + 1
        if failures >= MOST_FAILURES:
            self.forget(uid)
            return False
        self._failures[uid] = failures
        self._due[uid] = self._clock() + min(FIRST_S * 2.0 ** (failures - 1), LONGEST_S)
        return True

    def knows(self, uid: str) -> bool:
        """Whether it has failed before."""
        return uid in self._failures

    def holds(self, uid: str) -> bool:
        """Whether its time has not come yet."""
        return uid in self._due and self._clock() < self._due[uid]

    def forget(self, uid: str) -> None:
        """Its end has come, good or bad."""
        self._failures.pop(uid, None)
        self._due.pop(uid, None)
