"""The loop: round after round over the series of a PACS, each instance once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from ..logs import log
from .archive import Archive, Series
from .errors import Refused, Stopped, Unavailable
from .postponed import Postponed
from .stop import Stop
from .worker import Outcome, Worker


class Watcher:
    """Has each instance dealt with.

    An instance that got its segmentation, or that never will, is not looked at again while this process lives. One that the PACS
    could not give or take now is tried again later, and holds up no other.

    Args:
        archive: where the instances are.
        worker: what deals with one.
        stop: asked before each instance.
        days: look at studies of the last so many days only; None for all.

    Attributes:
        outcomes: how many instances came to which end.
        postponed: those that came to none yet, and series that could not be searched.
    """

    def __init__(
        self,
        archive: Archive,
        worker: Worker,
        stop: Stop,
        *,
        days: int | None = None,
        postponed: Postponed | None = None,
    ) -> None:
        self._archive = archive
        self._worker = worker
        self._stop = stop
        self._days = days
        self._settled: set[str] = set()
        self._sizes: dict[str, int | None] = {}
        self.outcomes: Counter[Outcome] = Counter()
        self.postponed = Postponed() if postponed is None else postponed

    def watch(self, *, interval_s: float) -> None:
        """Goes round until told to stop, with a pause after each whole round.

        Raises:
            PleuraError: the PACS or the network cannot be used at all.
        """
        self.once()
        while not self._stop.wait(interval_s):
            self.once()

    def once(self) -> None:
        """Goes round once; where the PACS fails, begins again: with the search, which waits for it.

        Raises:
            PleuraError: the PACS or the network cannot be used at all.
        """
        while not self._stop.wanted:
            try:
                self._round()
            except Stopped:
                return
            except (Unavailable, Refused):
                continue
            return

    def _round(self) -> None:
        since = None if self._days is None else date.today() - timedelta(days=self._days)
        for series in self._archive.series(since=since):
            if self._stop.wanted:
                return
            if series.uid not in self._settled and not self.postponed.holds(series.uid):
                self._visit(series)

    def _visit(self, series: Series) -> None:
        if series.instances is not None and self._sizes.get(series.uid) == series.instances:
            return
        with self._putting_off("series", series.uid):
            instances = list(self._archive.instances(series))
        whole = True
        for instance in instances:
            if self._stop.wanted:
                return
            if instance.uid in self._settled:
                continue
            if self.postponed.holds(instance.uid):
                whole = False
                continue
            with self._putting_off("instance", instance.uid):
                self.outcomes[self._worker(instance)] += 1
                self._settled.add(instance.uid)
        if whole:
            self._sizes[series.uid] = series.instances

    @contextmanager
    def _putting_off(self, kind: str, uid: str) -> Iterator[None]:
        """Has it tried again later if the PACS fails, and says so the first time and the last."""
        try:
            yield
        except (Unavailable, Refused) as error:
            first = not self.postponed.knows(uid)
            again = self.postponed.put(uid)
            if not again:
                self._settled.add(uid)
                self.outcomes[Outcome.PASSED_OVER] += 1
            if first or not again:
                fields = {kind: uid, "reason": error.reason}
                log.warning("put off" if again else "passed over", extra={"fields": fields})
            raise
        self.postponed.forget(uid)
