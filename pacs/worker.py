"""The processing of one instance: retrieve, segment, store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from pydicom import Dataset

from logs import frames, log
from model.errors import ImageError, PleuraError, UnsuitableImage
from model.segmentation import Segmentation
from model.segmenter import Segmenter
from model.writing.dicom.forms import ALL_PIXELS, Form

from .errors import Refused, Stopped, TooLong, Unavailable
from .listed import Instance
from .segmentation import LeftOut, Withheld, result, segment, series_uid
from .selection import Selection


class Outcome(StrEnum):
    """Outcome of one instance."""

    STORED = "stored"
    PRESENT = "there already"
    WITHHELD = "not stored"
    LEFT_OUT = "left out"
    PASSED_OVER = "passed over"
    REFUSED = "refused"
    SELECTED = "selected"


class End(NamedTuple):
    """An outcome and its reason in a few words, with nothing about the image."""

    outcome: Outcome
    reason: str = ""


Ended = Callable[[str, str, End], None]
"""Called with the level, ``"instance"`` or ``"series"``, its UID and its end."""


class Store(Protocol):
    """Where instances are and where results go: a PACS, or the queue of the listener.

    Each method may raise `Unavailable` and `Refused`.
    """

    def has_series(self, study: str, uid: str) -> bool:
        """Return whether a result exists.

        Args:
            study: Study Instance UID.
            uid: Series Instance UID of the result.
        """

    def fetch(self, instance: Instance) -> bytes:
        """Return the file of an instance."""

    def store(self, dataset: Dataset, *, study: str) -> None:
        """Store a result.

        Args:
            dataset: The result, with its file meta information.
            study: Study Instance UID of the radiograph.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOptions:
    """What is processed, and what is stored.

    Attributes:
        selection: Which instances are processed.
        store_untrusted: Also store masks that are not trusted.
        forms: What is stored of each instance.
    """

    selection: Selection = field(default_factory=Selection.of)
    store_untrusted: bool = False
    forms: tuple[Form, ...] = (Form.SEG,)


class Worker:
    """Segment an instance and stores the results, or logs why it does not.

    Args:
        archive: Where the instances are and the results go.
        segmenter: Makes the masks.
        options: What is processed, and what is stored.
        on_end: Called with each end.
    """

    def __init__(
        self, archive: Store, segmenter: Segmenter, options: WorkOptions, *, on_end: Sequence[Ended] = ()
    ) -> None:
        self._archive = archive
        self._segmenter = segmenter
        self._options = options
        self._on_end = on_end

    def __call__(self, instance: Instance) -> End:
        """Process one instance.

        Raises:
            Unavailable: The PACS cannot return or store it now.
            Stopped: A stop was requested while waiting for the PACS.
            PleuraError: The PACS or the network cannot be used at all.
        """
        end = self._end(instance)
        for ended in self._on_end:
            ended("instance", instance.uid, end)
        return end

    def _end(self, instance: Instance) -> End:
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
        if unwanted := self._options.selection.against(instance.facts):
            raise LeftOut(unwanted)
        missing = [form for form in self._options.forms if not self._is_stored(instance, form)]
        if not missing:
            return End(Outcome.PRESENT)
        segmentation = segment(
            self._archive.fetch(instance),
            instance=instance,
            segmenter=self._segmenter,
            selection=self._options.selection,
            store_untrusted=self._options.store_untrusted,
            all_pixels=not ALL_PIXELS.isdisjoint(missing),
        )
        stored, failure = 0, None
        for form in missing:
            try:
                stored += self._store(segmentation, form, instance)
            except UnsuitableImage as error:
                failure = error
                fields = {"instance": instance.uid, "form": form.value, "reason": str(error)}
                log.warning("form not possible", extra={"fields": fields})
        if failure is not None and len(missing) == 1:
            raise failure
        return End(Outcome.STORED if stored else Outcome.PRESENT)

    def _is_stored(self, instance: Instance, form: Form) -> bool:
        return self._archive.has_series(instance.study, series_uid(instance.uid, self._segmenter, form))

    def _store(self, segmentation: Segmentation, form: Form, instance: Instance) -> bool:
        """Store one result, and return whether it was not there already."""
        made = result(segmentation, form, instance=instance, segmenter=self._segmenter)
        # Another watcher may have stored it meanwhile.
        if self._is_stored(instance, form):
            return False
        try:
            self._archive.store(made, study=instance.study)
        except Refused:
            # Some servers reject a duplicate, after another watcher stored it or after a lost response.
            if self._is_stored(instance, form):
                return False
            raise
        fields = {"instance": instance.uid, "form": form.value, "result": made.SOPInstanceUID}
        log.info("stored", extra={"fields": fields})
        return True


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
