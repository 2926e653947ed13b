"""The PACS as the watcher uses it: search, retrieve and store by DICOMweb, with retries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from io import BytesIO
from typing import Any, TypeVar

from pydicom import Dataset, dcmwrite
from requests import Session

from logs import log

from . import attributes
from .answers import NOT_DICOMWEB, access_denied, translated
from .attributes import first, texts
from .client import Client, Row
from .errors import PacsError, Refused, Unavailable
from .facts import INSTANCE_FIELDS, SERIES_FIELDS, known_of_instance, known_of_series
from .listed import Instance, Series
from .pages import NOTHING, PAGE, all_rows
from .retries import Retries
from .stored import check_stored

T = TypeVar("T")

ATTEMPTS = 4
"""Attempts for one request about one series or instance."""

SEARCH_ATTEMPTS = 8
"""Attempts for the search for series at the start of a round: about two minutes."""

_RETRIEVE_AE = "00080054"
_UID = re.compile(r"\d(?:[\d.]{0,62}\d)?")
"""Looser than the standard, since archives hold components with leading zeros; still safe in a URL path."""

_FORBIDDEN = 403


class Archive:
    """A PACS. Each method may raise `PacsError`: nothing works until the user changes the configuration.

    Args:
        url: Base address of the DICOMweb service.
        session: The HTTP session.
        retries: The retry policy.
        endless: Retry the search for series without limit.
    """

    def __init__(self, url: str, session: Session, retries: Retries, *, endless: bool = False) -> None:
        self._client = Client(url, session)
        self._retries = retries
        self._search_attempts = None if endless else SEARCH_ATTEMPTS
        self._warned = False

    def series(self, modalities: Sequence[str], *, since: date | None = None) -> Iterator[Series]:
        """Yield all series of some modalities.

        Args:
            modalities: Values of Modality, each searched for by itself.
            since: Only series of studies of this date or later; None: all.

        Raises:
            PacsError: Also if the PACS does not answer the search.
        """
        answered = False
        try:
            for modality in modalities:
                try:
                    yield from self._series_of(modality, since)
                    answered = True
                except Refused as error:
                    if error.status not in NOTHING:
                        raise
            if not answered:
                self._probe()
        except Refused as error:
            if error.status == _FORBIDDEN:
                raise access_denied(_FORBIDDEN) from error
            raise PacsError(
                f"The PACS rejects the search for series ({error.reason}): check --url."
            ) from error
        except Unavailable as error:
            raise PacsError(
                f"The PACS cannot be reached ({error.reason}): check --url and the network."
            ) from error

    def instances(self, series: Series) -> Iterator[Instance]:
        """All instances of a series.

        Raises:
            Unavailable: The PACS cannot answer now.
            Refused: The PACS rejects the request.
        """
        for row in self._rows(
            self._client.instances,
            ATTEMPTS,
            study_instance_uid=series.study,
            series_instance_uid=series.uid,
            fields=INSTANCE_FIELDS,
        ):
            if uids := self._uids(row, attributes.INSTANCE):
                facts = {**series.facts, **known_of_instance(row)}
                ae = tuple(texts(row, _RETRIEVE_AE))
                yield Instance(series.study, series.uid, uids[0], facts, ae)

    def has_series(self, study: str, uid: str) -> bool:
        """Return whether a study has a series.

        Args:
            study: Study Instance UID.
            uid: Series Instance UID.

        Raises:
            Unavailable: The PACS cannot answer now.
            Refused: The PACS rejects the request.
        """
        try:
            found = self._ask(
                lambda: self._client.series(
                    study_instance_uid=study, search_filters={"SeriesInstanceUID": uid}
                ),
                ATTEMPTS,
            )
        except Refused as error:
            if error.status not in NOTHING:
                raise
            return False
        # A PACS that ignores the filter returns all series.
        return any(self._uids(row, attributes.SERIES) == [uid] for row in found)

    def fetch(self, instance: Instance) -> bytes:
        """Return the file of an instance, in its stored transfer syntax if the PACS offers it.

        Raises:
            Unavailable: The PACS cannot answer now.
            Refused: The PACS rejects the request.
            TooLong: The file is too large.
        """
        return self._ask(
            lambda: self._client.retrieve(instance.study, instance.series, instance.uid), ATTEMPTS
        )

    def header(self, instance: Instance) -> Dataset | None:
        """Return the attributes of an instance without its pixels; None if they cannot be understood.

        Raises:
            Unavailable: The PACS cannot answer now.
            Refused: The PACS rejects the request.
        """
        row = self._ask(
            lambda: self._client.metadata(instance.study, instance.series, instance.uid), ATTEMPTS
        )
        try:
            return Dataset.from_json({tag: value for tag, value in row.items() if "BulkDataURI" not in value})
        except Exception:
            # Whatever pydicom raises for values that are not what they are said to be.
            return None

    def store(self, dataset: Dataset, *, study: str) -> None:
        """Store an instance in a study, then check that it can be found.

        Args:
            dataset: The instance, with its file meta information.
            study: Study Instance UID.

        Raises:
            Unavailable: The PACS cannot answer now, or accepted the instance but does not list it.
            Refused: The PACS rejects it.
        """
        file = BytesIO()
        dcmwrite(file, dataset)
        series, uid = str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID)
        confirmed = self._ask(
            lambda: check_stored(self._client.store(file.getvalue(), study=study), uid), ATTEMPTS
        )

        def look_up() -> None:
            if not self._has_instance(study, series, uid):
                raise Unavailable("not found after it was stored" if confirmed else NOT_DICOMWEB)

        self._ask(look_up, ATTEMPTS)

    def _has_instance(self, study: str, series: str, uid: str) -> bool:
        searches: tuple[Callable[[], list[Row]], ...] = (
            lambda: self._client.instances(
                study_instance_uid=study,
                series_instance_uid=series,
                search_filters={"SOPInstanceUID": uid},
            ),
            # A search may be answered from an index that is not up to date.
            lambda: [self._client.metadata(study, series, uid)],
        )
        for search in searches:
            with suppress(Refused), translated():
                if any(first(row, attributes.INSTANCE) == uid for row in search()):
                    return True
        return False

    def _series_of(self, modality: str, since: date | None) -> Iterator[Series]:
        filters = {"Modality": modality}
        if since is not None:
            filters["StudyDate"] = f"{since:%Y%m%d}-"
        for row in self._rows(
            self._client.series, self._search_attempts, search_filters=filters, fields=SERIES_FIELDS
        ):
            # A PACS that ignores the filter returns all modalities.
            if first(row, attributes.MODALITY) not in (None, modality):
                continue
            if uids := self._uids(row, attributes.STUDY, attributes.SERIES):
                study, uid = uids
                yield Series(study, uid, attributes.count(row), known_of_series(row))

    def _probe(self) -> None:
        """Distinguish an archive that returns 404 for an empty result from an address without DICOMweb.

        Raises:
            Refused: The server answers no search.
        """
        try:
            self._ask(lambda: self._client.series(limit=1), self._search_attempts)
        except Refused:
            self._ask(lambda: self._client.studies(limit=1), self._search_attempts)

    def _rows(
        self, search: Callable[..., list[Row]], attempts: int | None, **arguments: Any
    ) -> Iterator[Row]:
        return all_rows(
            lambda offset: self._ask(lambda: search(limit=PAGE, offset=offset, **arguments), attempts)
        )

    def _ask(self, request: Callable[[], T], attempts: int | None) -> T:
        def once() -> T:
            with translated():
                return request()

        return self._retries(once, attempts=attempts)

    def _uids(self, row: Row, *tags: str) -> list[str]:
        """Return the UIDs of a row; an empty list if one is missing or invalid."""
        uids = [first(row, tag) for tag in tags]
        if all(isinstance(uid, str) and _UID.fullmatch(uid) for uid in uids):
            return uids
        if not self._warned:
            self._warned = True
            log.warning("the PACS lists entries without valid UIDs, which are skipped")
        return []
