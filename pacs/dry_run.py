"""What the watcher would do: everything up to the network, and nothing that changes the archive."""

from __future__ import annotations

from collections.abc import Sequence

from logs import log
from model.segmenter import Segmenter

from .archive import Archive
from .errors import Refused
from .facts import known_from_file
from .listed import Instance
from .segmentation import series_uid
from .worker import End, Ended, Outcome, WorkOptions, left_out


class DryRun:
    """Decide about an instance by its attributes, without fetching its pixels.

    Args:
        archive: The PACS.
        segmenter: Whose weights decide which results exist already.
        options: What would be processed, and what would be stored.
        on_end: Called with each end.
    """

    def __init__(
        self, archive: Archive, segmenter: Segmenter, options: WorkOptions, *, on_end: Sequence[Ended] = ()
    ) -> None:
        self._archive, self._segmenter, self._options, self._on_end = archive, segmenter, options, on_end

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
        unwanted = self._options.selection.against(instance.facts)
        if unwanted is None:
            try:
                header = self._archive.header(instance)
            except Refused:
                header = None
            if header is not None:
                unwanted = self._options.selection.against(known_from_file(header, ae=instance.ae))
        if unwanted is not None:
            return left_out(unwanted, instance=instance.uid)
        goals = [series_uid(instance.uid, self._segmenter, form) for form in self._options.forms]
        if all(self._archive.has_series(instance.study, goal) for goal in goals):
            return End(Outcome.PRESENT)
        log.info("selected", extra={"fields": {"instance": instance.uid}})
        return End(Outcome.SELECTED)
