"""The watch loop: rounds over the series of a PACS, each instance once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

from logs import log

from .archive import Archive
from .errors import Refused, Stopped, Unavailable
from .listed import Instance, Series
from .postponed import Postponed
from .selection import Selection
from .settled import Settled
from .stop import Stop
from .worker import End, Ended, Outcome, left_out, refused


def counts(outcomes: Counter[Outcome]) -> dict[str, int]:
    """Return the counts as fields of a log line."""
    return {outcome.replace(" ", "_"): number for outcome, number in outcomes.items()}


class Watcher:
    """Processes each instance of a PACS once.

    An instance that is finished, with or without a segmentation, is not processed again by this
    process. One that the PACS could not return or store is tried again later and does not block the
    others.

    Args:
        archive: The PACS.
        worker: Processes one instance.
        stop: Checked before each instance.
        selection: Which series are processed.
        days: Only studies of the last ``days`` days; None for all.
        on_end: Called with each end that the worker does not see: of a series, or after too many failures.

    Attributes:
        ends: Number of instances by outcome and reason.
        postponed: Instances and series to be tried again.
    """

    def __init__(
        self,
        archive: Archive,
        worker: Callable[[Instance], End],
        stop: Stop,
        *,
        selection: Selection | None = None,
        days: int | None = None,
        on_end: Sequence[Ended] = (),
        postponed: Postponed | None = None,
        settled: Settled | None = None,
    ) -> None:
        self._on_end = on_end
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
        """Number of instances by outcome."""
        counted: Counter[Outcome] = Counter()
        for end, number in self.ends.items():
            counted[end.outcome] += number
        return counted

    def watch(self, *, interval_s: float) -> None:
        """Repeat rounds until stopped, with a pause after each, and log the outcomes of each round.

        Raises:
            PleuraError: The PACS or the network cannot be used at all.
        """
        while True:
            before = self.outcomes
            self.once()
            if new := self.outcomes - before:
                log.info("round ended", extra={"fields": counts(new)})
            if self._stop.wait(interval_s):
                return

    def once(self) -> None:
        """Complete one round; if the PACS fails, start the round again with the search, which retries.

        Raises:
            PleuraError: The PACS or the network cannot be used at all.
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
            end = left_out(unwanted, series=series.uid, instances=number)
            self.ends[end] += number
            for ended in self._on_end:
                ended("series", series.uid, end)
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
        """Postpone the series or instance if the PACS fails; log the first and the last failure."""
        try:
            yield
        except (Unavailable, Refused) as error:
            first = not self.postponed.knows(uid)
            if not self.postponed.put(uid, series=series.uid):
                self._settled.add(series.uid, uid)
                end = refused(error.reason, **{kind: uid})
                self.ends[end] += 1
                for ended in self._on_end:
                    ended(kind, uid, end)
            elif first:
                log.warning("put off", extra={"fields": {kind: uid, "reason": error.reason}})
            raise
        self.postponed.forget(uid)
