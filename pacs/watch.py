"""The watcher from its parts, once or until it is stopped."""

from __future__ import annotations

from collections.abc import Callable

from logs import log
from model.segmenter import Segmenter

from .archive import Archive
from .dry_run import DryRun
from .listed import Instance
from .observers import Observers
from .retries import Retries
from .session import make_session
from .settings import PacsSettings
from .stop import Stop
from .totals import log_totals
from .watcher import Watcher, counts
from .worker import End, Outcome, Worker, WorkOptions


def watch_archive(
    url: str,
    segmenter: Segmenter,
    stop: Stop,
    options: WorkOptions,
    *,
    settings: PacsSettings,
    interval_s: float | None,
    days: int | None,
    observers: Observers,
    dry_run: bool = False,
) -> bool:
    """Segment the radiographs of an archive.

    Args:
        url: Base address of the DICOMweb service.
        segmenter: Makes the masks.
        stop: Ends it.
        options: What is processed, and what is stored.
        settings: Credentials.
        interval_s: Seconds between two rounds; None for one round.
        days: Only studies of the last ``days`` days; None for all.
        observers: Called at the end of each instance.
        dry_run: Only decide which instances would be segmented.

    Returns:
        Whether nothing was refused or put off.

    Raises:
        PleuraError: The archive or the network cannot be used at all.
    """
    endless = interval_s is not None
    with make_session(settings) as session:
        archive = Archive(url.rstrip("/"), session, Retries(stop.wait), endless=endless)
        worker: Callable[[Instance], End]
        if dry_run:
            worker = DryRun(archive, segmenter, options, on_end=observers.ended)
        else:
            worker = Worker(archive, segmenter, options, on_end=observers.ended)
        watcher = Watcher(
            archive, worker, stop, selection=options.selection, days=days, on_end=observers.ended
        )
        if interval_s is not None:
            watcher.watch(interval_s=interval_s)
        else:
            watcher.once()
    log_totals(watcher.ends)
    put_off = len(watcher.postponed)
    log.info("ended", extra={"fields": {**counts(watcher.outcomes), "put_off": put_off}})
    return not put_off and not watcher.outcomes[Outcome.REFUSED]
