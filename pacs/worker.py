"""The processing of one instance: retrieve, segment, store."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from logs import frames, log
from model.errors import ImageError, PleuraError
from model.segmenter import Segmenter

from .archive import Archive
from .errors import Refused, Stopped, TooLong, Unavailable
from .listed import Instance
from .segmentation import LeftOut, Withheld, segment, series_uid
from .selection import Selection


class Outcome(StrEnum):
    """Outcome of one instance."""

    STORED = "stored"
    PRESENT = "there already"
    WITHHELD = "not stored"
    LEFT_OUT = "left out"
    PASSED_OVER = "passed over"
    REFUSED = "refused"


class End(NamedTuple):
    """An outcome and its reason in a few words, with nothing about the image."""

    outcome: Outcome
    reason: str = ""


class Worker:
    """Segment an instance and stores the result, or logs why it does not.

    Args:
        archive: the PACS.
        segmenter: makes the masks.
        selection: which instances are processed.
        store_untrusted: also store masks that are not trusted.
    """

    def __init__(
        self,
        archive: Archive,
        segmenter: Segmenter,
        *,
        selection: Selection | None = None,
        store_untrusted: bool = False,
    ) -> None:
        self._archive = archive
        self._segmenter = segmenter
        self._selection = selection or Selection.of()
        self._store_untrusted = store_untrusted

    def __call__(self, instance: Instance) -> End:
        """Process one instance.

        Raises:
            Unavailable: the PACS cannot return or store it now.
            Stopped: a stop was requested while waiting for the PACS.
            PleuraError: the PACS or the network cannot be used at all.
        """
        try:
            return self._segment(instance)
        except LeftOut as error:
            return left_out(error.filter, instance=instance.uid)
        except Withheld as error:
            fields = {"instance": instance.uid, "reason": str(error), "warnings": ",".join(error.codes)}
            log.info("not stored", extra={"fields": fields})
            return End(Outcome.WITHHELD, str(error))
        except ImageError as error:
            return _passed_over(instance, type(error).__name__, f"{type(error).__name__}: {error}")
        except TooLong as error:
            return _passed_over(instance, error.reason)
        except Refused as error:
            return refused(error.reason, instance=instance.uid)
        except (Unavailable, Stopped, PleuraError):
            raise
        except Exception as error:
            # An unforeseen error from a malformed file must not stop the other instances.
            return _passed_over(instance, type(error).__name__, frames(error))

    def _segment(self, instance: Instance) -> End:
        if unwanted := self._selection.against(instance.facts):
            raise LeftOut(unwanted)
        goal = series_uid(instance.uid, self._segmenter)
        if self._archive.has_series(instance.study, goal):
            return End(Outcome.PRESENT)
        segmentation = segment(
            self._archive.fetch(instance),
            instance=instance,
            segmenter=self._segmenter,
            selection=self._selection,
            store_untrusted=self._store_untrusted,
        )
        # Another watcher may have stored it meanwhile.
        if self._archive.has_series(instance.study, goal):
            return End(Outcome.PRESENT)
        try:
            self._archive.store(segmentation, study=instance.study)
        except Refused:
            # Some servers reject a duplicate, after another watcher stored it or after a lost response.
            if self._archive.has_series(instance.study, goal):
                return End(Outcome.PRESENT)
            raise
        fields = {"instance": instance.uid, "segmentation": segmentation.SOPInstanceUID}
        log.info("stored", extra={"fields": fields})
        return End(Outcome.STORED)


def left_out(reason: str, **of: object) -> End:
    """Log and return the end of an instance or series that was not selected; ``of`` identifies it."""
    log.info("left out", extra={"fields": {**of, "reason": reason}})
    return End(Outcome.LEFT_OUT, reason)


def refused(reason: str, **of: object) -> End:
    """Log and return the end of an instance or series that the PACS rejected; ``of`` identifies it."""
    log.warning("refused by the PACS", extra={"fields": {**of, "reason": reason}})
    return End(Outcome.REFUSED, reason)


def _passed_over(instance: Instance, reason: str, detail: str | None = None) -> End:
    log.warning("passed over", extra={"fields": {"instance": instance.uid, "reason": detail or reason}})
    return End(Outcome.PASSED_OVER, reason)
