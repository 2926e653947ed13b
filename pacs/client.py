"""DICOMweb requests (PS3.18): search by dicomweb-client, retrieve and store as bytes through the session.

dicomweb-client would parse a retrieved file without the limits of `model.reading`. For a store it
returns neither the status nor a response whose content type has parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from dicomweb_client import DICOMwebClient
from python_multipart.multipart import MultipartParser
from requests import HTTPError, Response, Session

from model.reading.sniff import HEAD, sniff

T = TypeVar("T")
V = TypeVar("V")

TIMEOUT_S = (10, 60)
"""Timeouts to connect, and between two chunks of a response."""

CHUNK_BYTES = 1_000_000
"""Bytes of a response that are read at once."""

ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'
RETRIEVE = (ANY_SYNTAX, 'multipart/related; type="application/dicom"', "application/dicom, */*;q=0.5")
STORED = ("application/dicom+json", "*/*")

_FORM_STATUSES = frozenset({400, 406, 415, 422, 500, 501})
"""Statuses that may concern an optional part of the request; some servers answer 500 to an unknown
parameter."""

Row = dict[str, Any]


class Client:
    """A DICOMweb service, without retries.

    If the service rejects an optional part of a request (``transfer-syntax=*``, ``includefield``), the
    request is sent again without it, and later requests leave it out.

    Every method may raise what requests raises, and ValueError if the response is not DICOMweb.
    """

    def __init__(self, url: str, session: Session) -> None:
        self._url = url
        self._session = session
        self._searches = DICOMwebClient(url, session, permissive_uid=True, timeout=TIMEOUT_S)
        # dicomweb-client would omit the port and truncate an IPv6 address.
        self._searches.host = urlsplit(url).netloc
        self._searches.set_http_retry_params(retry=False)
        self._with_fields = [True, False]
        self._retrieve = list(RETRIEVE)
        self._stored = list(STORED)

    def series(self, *, fields: tuple[str, ...] = (), **arguments: Any) -> list[Row]:
        """One page of a search for series; ``fields`` are requested beside the required attributes."""
        return self._search(self._searches.search_for_series, fields, arguments)

    def instances(self, *, fields: tuple[str, ...] = (), **arguments: Any) -> list[Row]:
        """One page of a search for instances; arguments as for `series`."""
        return self._search(self._searches.search_for_instances, fields, arguments)

    def studies(self, **arguments: Any) -> list[Row]:
        """One page of a search for studies."""
        return self._search(self._searches.search_for_studies, (), arguments)

    def metadata(self, study: str, series: str, instance: str) -> Row:
        """Return the attributes of an instance without its pixels; empty if the response is empty.

        Args:
            study: Study Instance UID.
            series: Series Instance UID.
            instance: SOP Instance UID.
        """
        try:
            (row,) = _rows([self._searches.retrieve_instance_metadata(study, series, instance)])
        except IndexError:
            return {}
        return row

    def retrieve(self, study: str, series: str, instance: str) -> bytes:
        """Return the file of an instance, in its stored transfer syntax if the PACS offers it.

        Args:
            study: Study Instance UID.
            series: Series Instance UID.
            instance: SOP Instance UID.
        """
        url = f"{self._url}/studies/{study}/series/{series}/instances/{instance}"
        return _first_accepted(self._retrieve, lambda accept: self._file(url, accept))

    def store(self, file: bytes, *, study: str) -> Response:
        """Store one file in a study and return the response, whatever its status but 406.

        Args:
            file: A PS3.10 file.
            study: Study Instance UID.
        """
        boundary = uuid4().hex
        body = (
            f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
            + file
            + f"\r\n--{boundary}--\r\n".encode()
        )
        kind = f'multipart/related; type="application/dicom"; boundary={boundary}'

        def post(accept: str) -> Response:
            headers = {"Content-Type": kind, "Accept": accept}
            response = self._session.post(
                f"{self._url}/studies/{study}", data=body, headers=headers, timeout=TIMEOUT_S
            )
            if response.status_code == 406:
                response.raise_for_status()
            return response

        return _first_accepted(self._stored, post)

    def _search(
        self, search: Callable[..., Any], fields: tuple[str, ...], arguments: dict[str, Any]
    ) -> list[Row]:
        if not fields:
            return _rows(search(**arguments))
        return _first_accepted(
            self._with_fields, lambda ask: _rows(search(fields=fields if ask else None, **arguments))
        )

    def _file(self, url: str, accept: str) -> bytes:
        with self._session.get(url, headers={"Accept": accept}, stream=True, timeout=TIMEOUT_S) as response:
            response.raise_for_status()
            kind = Message()
            kind["Content-Type"] = response.headers.get("Content-Type", "")
            chunks = response.iter_content(CHUNK_BYTES)
            if kind.get_content_maintype() == "multipart":
                return _only_part(chunks, kind.get_boundary())
            data = b"".join(chunks)
        if kind.get_content_type() != "application/dicom" and sniff(data[:HEAD]) != "dicom":
            raise ValueError("not a DICOM file")
        return data


def _first_accepted(variants: list[V], send: Callable[[V], T]) -> T:
    """Return the response to the first variant that the server accepts; remove rejected variants."""
    rejected = True
    for index, variant in enumerate(list(variants)):
        try:
            response = send(variant)
        except HTTPError as error:
            status = 500 if error.response is None else error.response.status_code
            if status not in _FORM_STATUSES or index + 1 == len(variants):
                raise
            # A 500 may be a temporary failure: keep the variant.
            rejected = rejected and status != 500
        else:
            if rejected:
                del variants[:index]
            return response
    raise AssertionError("the list of variants is empty")


def _rows(answer: Any) -> list[Row]:
    """Validate the response to a search: a list of datasets in the DICOM JSON model (PS3.18 F.2)."""
    rows = [] if answer is None else answer
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("not a list of datasets")
    if rows and not any(_is_tag(key) for row in rows for key in row):
        raise ValueError("no attributes")
    return rows


def _is_tag(key: Any) -> bool:
    return isinstance(key, str) and len(key) == 8 and all(digit in "0123456789abcdefABCDEF" for digit in key)


def _only_part(chunks: Iterator[bytes], boundary: str | None) -> bytes:
    """Return the content of a multipart message that has one part."""
    first = next(chunks, b"")
    if boundary is None:
        # Some servers omit the boundary from the header: the message then begins with it, or is the
        # file itself.
        line = first.lstrip(b"\r\n").partition(b"\r\n")[0]
        if not line.startswith(b"--"):
            return first + b"".join(chunks)
        boundary = line[2:].decode("latin-1")
    part, ends = bytearray(), {"part": 0, "message": 0}

    def take(data: bytes, start: int, end: int) -> None:
        part.extend(memoryview(data)[start:end])

    def count(what: str) -> Callable[[], None]:
        return lambda: ends.__setitem__(what, ends[what] + 1)

    parser = MultipartParser(
        boundary, {"on_part_data": take, "on_part_end": count("part"), "on_end": count("message")}
    )
    parser.write(first)
    for chunk in chunks:
        parser.write(chunk)
    if ends != {"part": 1, "message": 1}:
        raise ValueError("truncated, or not exactly one part")
    return bytes(part)
