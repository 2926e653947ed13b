"""What the watcher would do: everything up to the network, and nothing that changes the archive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from logs import log
from model.segmenter import Segmenter
from model.writing.dicom.forms import Form

from .archive import Archive
from .errors import Refused
from .facts import known_from_file
from .listed import Instance
from .segmentation import series_uid
from .selection import Selection
from .worker import End, Ended, Outcome, left_out


class DryRun:
    """Decide about an instance by its attributes, without fetching its pixels.

    Args:
        archive: The PACS.
        segmenter: Whose weights decide which results exist already.
        selection: Which instances are processed.
        forms: What would be stored.
        on_end: Called with each end.
    """

    def __init__(
        self,
        archive: Archive,
        segmenter: Segmenter,
        *,
        selection: Selection,
        forms: Iterable[Form],
        on_end: Sequence[Ended] = (),
    ) -> None:
        self._archive, self._segmenter = archive, segmenter
        self._selection, self._forms, self._on_end = selection, tuple(forms), on_end

    def __call__(self, instance: Instance) -> End:
        """Return the end that an instance would have as far as its attributes decide it.

        Raises:
            Unavailable: The PACS cannot answer now.
        """
        end = self._decide(instance)
        for ended in self._on_end:
            ended("instance", instance.uid, end)
        return end

    def _decide(self, instance: Instance) -> End:
        unwanted = self._selection.against(instance.facts)
        if unwanted is None:
            try:
                header = self._archive.header(instance)
            except Refused:
                header = None
            if header is not None:
                unwanted = self._selection.against(known_from_file(header, ae=instance.ae))
        if unwanted is not None:
            return left_out(unwanted, instance=instance.uid)
        goals = [series_uid(instance.uid, self._segmenter, form) for form in self._forms]
        if all(self._archive.has_series(instance.study, goal) for goal in goals):
            return End(Outcome.PRESENT)
        log.info("selected", extra={"fields": {"instance": instance.uid}})
        return End(Outcome.SELECTED)
