"""The loop: round after round over the series of a PACS, each instance once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from logs import log

from .archive import Archive
from .errors import Refused, Stopped, Unavailable
from .listed import Series
from .postponed import Postponed
from .selection import Selection
from .settled import Settled
from .stop import Stop
from .worker import End, Outcome, Worker, left_out, refused


def counts(outcomes: Counter[Outcome]) -> dict[str, int]:
    """Fields for a log line."""
    return {outcome.replace(" ", "_"): number for outcome, number in outcomes.items()}


class Watcher:
    """Has each instance dealt with.

    An instance that got its segmentation, or that never will, is not looked at again while this process lives. One that the PACS
    could not give or take now is tried again later, and holds up no other.

    Args:
        archive: where the instances are.
        worker: what deals with one.
        stop: asked before each instance.
        selection: which series are taken.
        days: look at studies of the last so many days only; None for all.

    Attributes:
        ends: how many instances came to which end.
        postponed: those that came to none yet, and series that could not be searched.
    """

    def __init__(
        self,
        archive: Archive,
        worker: Worker,
        stop: Stop,
        *,
        selection: Selection | None = None,
        days: int | None = None,
        postponed: Postponed | None = None,
        settled: Settled | None = None,
    ) -> None:
        self._archive = archive
        self._worker = worker
        self._stop = stop
        self._selection = selection or Selection.of()
        self._days = days
        self._settled = Settled() if settled is None else settled
        self.ends: Counter[End] = Counter()
        self.postponed = Postponed() if postponed is None else postponed

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many instances came to which outcome."""
        counted: Counter[Outcome] = Counter()
        for end, number in self.ends.items():
            counted[end.outcome] += number
        return counted

    def watch(self, *, interval_s: float) -> None:
        """Go round until told to stop, with a pause after each whole round, and log what became of the instances of a round.

        Raises:
            PleuraError: the PACS or the network cannot be used at all.
        """
        while True:
            before = self.outcomes
            self.once()
            if new := self.outcomes - before:
                log.info("round ended", extra={"fields": counts(new)})
            if self._stop.wait(interval_s):
                return

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
        unlisted = self.postponed.series()
        for series in self._archive.series(self._selection.modality, since=since):
            if self._stop.wanted:
                return
            unlisted.discard(series.uid)
            self._settled.listed(series.uid)
            if not self._settled.has(series.uid, series.uid) and not self.postponed.holds(series.uid):
                self._visit(series)
        self._settled.sweep()
        for gone in unlisted:
            self.postponed.keep(gone, ())

    def _visit(self, series: Series) -> None:
        if self._settled.closed(series.uid, series.instances):
            return
        if unwanted := self._selection.against(series.facts):
            number = series.instances or 1
            self.ends[left_out(unwanted, series=series.uid, instances=number)] += number
            self._settled.add(series.uid, series.uid)
            return
        with self._putting_off("series", series.uid, series):
            instances = list(self._archive.instances(series))
        self.postponed.keep(series.uid, {instance.uid for instance in instances})
        whole = True
        for instance in instances:
            if self._stop.wanted:
                return
            if self._settled.has(series.uid, instance.uid):
                continue
            if self.postponed.holds(instance.uid):
                whole = False
                continue
            with self._putting_off("instance", instance.uid, series):
                self.ends[self._worker(instance)] += 1
                self._settled.add(series.uid, instance.uid)
        if whole:
            self._settled.close(series.uid, series.instances)

    @contextmanager
    def _putting_off(self, kind: str, uid: str, series: Series) -> Iterator[None]:
        """Has it tried again later if the PACS fails, and says so the first time and the last."""
        try:
            yield
        except (Unavailable, Refused) as error:
            first = not self.postponed.knows(uid)
            if not self.postponed.put(uid, series=series.uid):
                self._settled.add(series.uid, uid)
                self.ends[refused(error.reason, **{kind: uid})] += 1
            elif first:
                log.warning("put off", extra={"fields": {kind: uid, "reason": error.reason}})
            raise
        self.postponed.forget(uid)
