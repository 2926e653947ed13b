"""One instance, from the PACS and back."""

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
    """What became of an instance."""

    STORED = "stored"
    PRESENT = "there already"
    WITHHELD = "not stored"
    LEFT_OUT = "left out"
    PASSED_OVER = "passed over"
    REFUSED = "refused"


class End(NamedTuple):
    """An outcome, and in a few words why; of the image nothing."""

    outcome: Outcome
    reason: str = ""


class Worker:
    """Gives an instance its segmentation, or says in the log why it gets none.

    Args:
        archive: where the instances are.
        segmenter: what makes the masks.
        selection: which instances are taken.
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
        """Deals with one instance.

        Raises:
            Unavailable: the PACS cannot give or take it now.
            Stopped: told to stop while waiting for the PACS.
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
            # Whatever hostile bytes bring about must not stop the others.
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
        # Another watcher may have been at it meanwhile.
        if self._archive.has_series(instance.study, goal):
            return End(Outcome.PRESENT)
        try:
            self._archive.store(segmentation, study=instance.study)
        except Refused:
            # Some refuse what they have already: because of that other watcher, or of an answer that was lost.
            if self._archive.has_series(instance.study, goal):
                return End(Outcome.PRESENT)
            raise
        fields = {"instance": instance.uid, "segmentation": segmentation.SOPInstanceUID}
        log.info("stored", extra={"fields": fields})
        return End(Outcome.STORED)


def left_out(reason: str, **of: object) -> End:
    """The end of what was not selected, which is logged. ``of`` says what it is."""
    log.info("left out", extra={"fields": {**of, "reason": reason}})
    return End(Outcome.LEFT_OUT, reason)


def refused(reason: str, **of: object) -> End:
    """The end of what the PACS does not give or take, which is logged. ``of`` says what it is."""
    log.warning("refused by the PACS", extra={"fields": {**of, "reason": reason}})
    return End(Outcome.REFUSED, reason)


def _passed_over(instance: Instance, reason: str, told: str | None = None) -> End:
    log.warning("passed over", extra={"fields": {"instance": instance.uid, "reason": told or reason}})
    return End(Outcome.PASSED_OVER, reason)
