"""A PACS as the watcher sees it: DICOMweb (PS3.18), by dicomweb-client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from pydicom import Dataset
from requests import Session

from ..logs import log
from .answers import translated
from .client import FileClient
from .errors import PacsError, Refused, Unavailable
from .patience import Patience

T = TypeVar("T")

MODALITIES = ("CR", "DX")
PAGE = 100
"""Entries that are asked for at once; a PACS may give fewer."""

ATTEMPTS = 4
"""For one request about one series or instance."""

SEARCH_ATTEMPTS = 8
"""For the search that everything begins with: about two minutes."""

_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_MODALITY, _COUNT = "00080060", "00201209"
_UID = re.compile(r"\d(?:[\d.]{0,62}\d)?")
"""Looser than the standard, as archives hold zeros at the front; but nothing that would be a path."""


@dataclass(frozen=True, slots=True)
class Series:
    """A series in the PACS; ``instances`` is how many it has, None where the PACS does not say."""

    study: str
    uid: str
    instances: int | None


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance in the PACS."""

    study: str
    series: str
    uid: str


class Archive:
    """Asks a PACS, patiently. Each method may raise `PacsError`, where nothing will work until someone mends it.

    Args:
        url: base address of the DICOMweb service.
        session: what requests go through.
        patience: how to try again.
        endless: never give up the search for series.
    """

    def __init__(self, url: str, session: Session, patience: Patience, *, endless: bool = False) -> None:
        self._client = FileClient(url, session)
        self._patience = patience
        self._search_attempts = None if endless else SEARCH_ATTEMPTS
        self._told = False

    def series(self, *, since: date | None = None) -> Iterator[Series]:
        """All series of CR and DX images; only of studies from ``since`` on, where it is given.

        Raises:
            PacsError: also where the PACS does not answer the search.
        """
        for modality in MODALITIES:
            filters = {"Modality": modality}
            if since is not None:
                filters["StudyDate"] = f"{since:%Y%m%d}-"
            try:
                for row in self._rows(
                    self._client.search_for_series, self._search_attempts, search_filters=filters
                ):
                    # A PACS that does not know the filter gives all modalities.
                    if _value(row, _MODALITY) not in (None, modality):
                        continue
                    if uids := self._uids(row, _STUDY, _SERIES):
                        yield Series(uids[0], uids[1], _count(row))
            except Refused as error:
                raise PacsError(
                    f"The PACS does not answer a search for series ({error.reason}): check --url."
                ) from error
            except Unavailable as error:
                raise PacsError(
                    f"The PACS cannot be reached ({error.reason}): check --url and the network."
                ) from error

    def instances(self, series: Series) -> Iterator[Instance]:
        """All instances of a series.

        Raises:
            Unavailable: not now.
            Refused: never.
        """
        for row in self._rows(
            self._client.search_for_instances,
            ATTEMPTS,
            study_instance_uid=series.study,
            series_instance_uid=series.uid,
        ):
            if uids := self._uids(row, _INSTANCE):
                yield Instance(series.study, series.uid, uids[0])

    def has_series(self, study: str, uid: str) -> bool:
        """Whether a study has this series.

        Raises:
            Unavailable: not now.
            Refused: never.
        """
        found = self._ask(
            lambda: self._client.search_for_series(study, search_filters={"SeriesInstanceUID": uid}), ATTEMPTS
        )
        # A PACS that does not know the filter would give all series.
        return any(self._uids(row, _SERIES) == [uid] for row in found)

    def fetch(self, instance: Instance) -> bytes:
        """An instance's file, in the transfer syntax that the PACS keeps it in.

        Raises:
            Unavailable: not now.
            Refused: never; or it is too large.
        """
        return self._ask(
            lambda: self._client.retrieve_file(instance.study, instance.series, instance.uid), ATTEMPTS
        )

    def store(self, dataset: Dataset, *, study: str) -> None:
        """Stores an instance in a study. That it is there already is no error.

        Raises:
            Unavailable: not now.
            Refused: the PACS does not take it.
        """
        answer = self._ask(
            lambda: self._client.store_instances([dataset], study_instance_uid=study), ATTEMPTS
        )
        failed = answer.get("FailedSOPSequence")
        if failed:
            code = failed[0].get("FailureReason")
            raise Refused("reason not given" if code is None else f"failure reason {int(code):04X}")

    def _rows(
        self, search: Callable[..., list[dict[str, Any]]], attempts: int | None, **arguments: Any
    ) -> Iterator[dict[str, Any]]:
        offset, first = 0, None
        while page := self._ask(lambda: search(limit=PAGE, offset=offset, **arguments), attempts):  # noqa: B023
            # A PACS that does not know of offsets gives the same page for ever.
            if page[0] == first:
                return
            first = page[0]
            yield from page
            offset += len(page)

    def _ask(self, request: Callable[[], T], attempts: int | None) -> T:
        def once() -> T:
            with translated():
                return request()

        return self._patience(once, attempts=attempts)

    def _uids(self, row: Any, *tags: str) -> list[str]:
        """The row's UIDs; none where one of them is missing or not one."""
        uids = [_value(row, tag) for tag in tags]
        if all(isinstance(uid, str) and _UID.fullmatch(uid) for uid in uids):
            return uids
        if not self._told:
            self._told = True
            log.warning("the PACS lists entries without valid UIDs, which are passed over")
        return []


def _count(row: Any) -> int | None:
    count = _value(row, _COUNT)
    return (
        int(count)
        if isinstance(count, int | float) or (isinstance(count, str) and count.isdecimal())
        else None
    )


def _value(row: Any, tag: str) -> Any:
    """The attribute's first value in the DICOM JSON model (PS3.18 F.2); None where there is none."""
    try:
        return row[tag]["Value"][0]
    except (LookupError, TypeError):
        return None
