"""One instance, from the PACS and back."""

from __future__ import annotations

from enum import StrEnum

from model.errors import ImageError, PleuraError
from model.segmenter import Segmenter

from ..logs import frames, log
from .archive import Archive, Instance
from .errors import Refused, Stopped, Unavailable
from .segmentation import Withheld, segment, series_uid


class Outcome(StrEnum):
    """What became of an instance."""

    STORED = "stored"
    PRESENT = "there already"
    WITHHELD = "not stored"
    PASSED_OVER = "passed over"


class Worker:
    """Gives an instance its segmentation, or says in the log why it gets none.

    Args:
        archive: where the instances are.
        segmenter: what makes the masks.
        store_untrusted: also store masks that are not trusted.
    """

    def __init__(self, archive: Archive, segmenter: Segmenter, *, store_untrusted: bool = False) -> None:
        self._archive = archive
        self._segmenter = segmenter
        self._store_untrusted = store_untrusted

    def __call__(self, instance: Instance) -> Outcome:
        """Deals with one instance.

        Raises:
            Unavailable: the PACS cannot give or take it now.
            Stopped: told to stop while waiting for the PACS.
            PleuraError: the PACS or the network cannot be used at all.
        """
        try:
            return self._segment(instance)
        except Withheld as reason:
            fields = {"instance": instance.uid, "reason": str(reason), "warnings": ",".join(reason.codes)}
            log.info("not stored", extra={"fields": fields})
            return Outcome.WITHHELD
        except ImageError as error:
            return _passed_over(instance, f"{type(error).__name__}: {error}")
        except Refused as error:
            return _passed_over(instance, error.reason)
        except (Unavailable, Stopped, PleuraError):
            raise
        except Exception as error:
            # Whatever hostile bytes bring about must not stop the others.
            return _passed_over(instance, frames(error))

    def _segment(self, instance: Instance) -> Outcome:
        goal = series_uid(instance.uid, self._segmenter)
        if self._archive.has_series(instance.study, goal):
            return Outcome.PRESENT
        segmentation = segment(
            self._archive.fetch(instance),
            instance=instance.uid,
            segmenter=self._segmenter,
            store_untrusted=self._store_untrusted,
        )
        # Another watcher may have been at it meanwhile.
        if self._archive.has_series(instance.study, goal):
            return Outcome.PRESENT
        try:
            self._archive.store(segmentation, study=instance.study)
        except Refused:
            # Some refuse what they have already: because of that other watcher, or of an answer that was lost.
            if self._archive.has_series(instance.study, goal):
                return Outcome.PRESENT
            raise
        fields = {"instance": instance.uid, "segmentation": segmentation.SOPInstanceUID}
        log.info("stored", extra={"fields": fields})
        return Outcome.STORED


def _passed_over(instance: Instance, reason: str) -> Outcome:
    log.warning("passed over", extra={"fields": {"instance": instance.uid, "reason": reason}})
    return Outcome.PASSED_OVER
