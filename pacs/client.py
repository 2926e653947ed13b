"""DICOMweb requests (PS3.18). Searches are dicomweb-client's; what is retrieved and stored goes as bytes through the session.

dicomweb-client would parse a retrieved file without the limits of `model.reading`, and of a store it keeps neither the status nor an
answer whose content type has parameters.
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
"""To connect, and between two pieces of an answer."""

PIECE = 1_000_000
"""Bytes of an answer that are taken at once."""

ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'
RETRIEVE = (ANY_SYNTAX, 'multipart/related; type="application/dicom"', "application/dicom, */*;q=0.5")
STORED = ("application/dicom+json", "*/*")

_MAYBE_HOW = frozenset({400, 406, 415, 422, 500, 501})
"""Statuses that may be about how the server was asked; some fail with 500 on a parameter that they do not know."""

Row = dict[str, Any]


class Client:
    """One DICOMweb service. Nothing is tried again here.

    Where the service refuses an optional part of a request (``transfer-syntax=*``, ``includefield``), it is asked again without, from then on
    at once.

    Every method may raise what requests raises, and ValueError where the answer is no DICOMweb.
    """

    def __init__(self, url: str, session: Session) -> None:
        self._url = url
        self._session = session
        self._searches = DICOMwebClient(url, session, permissive_uid=True, timeout=TIMEOUT_S)
        # It would leave out the port, and cut an IPv6 address.
        self._searches.host = urlsplit(url).netloc
        self._searches.set_http_retry_params(retry=False)
        self._with_fields = [True, False]
        self._retrieve = list(RETRIEVE)
        self._stored = list(STORED)

    def series(self, *, fields: tuple[str, ...] = (), **arguments: Any) -> list[Row]:
        """One page of a search for series; ``fields`` are asked for beside those that every service gives."""
        return self._search(self._searches.search_for_series, fields, arguments)

    def instances(self, *, fields: tuple[str, ...] = (), **arguments: Any) -> list[Row]:
        """One page of a search for instances, as `series`."""
        return self._search(self._searches.search_for_instances, fields, arguments)

    def studies(self, **arguments: Any) -> list[Row]:
        """One page of a search for studies."""
        return self._search(self._searches.search_for_studies, (), arguments)

    def metadata(self, study: str, series: str, instance: str) -> Row:
        """An instance's attributes without its pixels; empty where the answer is."""
        try:
            (row,) = _rows([self._searches.retrieve_instance_metadata(study, series, instance)])
        except IndexError:
            return {}
        return row

    def retrieve(self, study: str, series: str, instance: str) -> bytes:
        """A file of the PACS, in the transfer syntax that it is kept in where the PACS gives that."""
        url = f"{self._url}/studies/{study}/series/{series}/instances/{instance}"
        return _in_a_way_it_takes(self._retrieve, lambda accept: self._file(url, accept))

    def store(self, file: bytes, *, study: str) -> Response:
        """Store one file in a study; the answer may have any status that is not about how it was asked."""
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

        return _in_a_way_it_takes(self._stored, post)

    def _search(
        self, search: Callable[..., Any], fields: tuple[str, ...], arguments: dict[str, Any]
    ) -> list[Row]:
        if not fields:
            return _rows(search(**arguments))
        return _in_a_way_it_takes(
            self._with_fields, lambda ask: _rows(search(fields=fields if ask else None, **arguments))
        )

    def _file(self, url: str, accept: str) -> bytes:
        with self._session.get(url, headers={"Accept": accept}, stream=True, timeout=TIMEOUT_S) as response:
            response.raise_for_status()
            kind = Message()
            kind["Content-Type"] = response.headers.get("Content-Type", "")
            pieces = response.iter_content(PIECE)
            if kind.get_content_maintype() == "multipart":
                return _only_part(pieces, kind.get_boundary())
            data = b"".join(pieces)
        if kind.get_content_type() != "application/dicom" and sniff(data[:HEAD]) != "dicom":
            raise ValueError("no DICOM file")
        return data


def _in_a_way_it_takes(ways: list[V], ask: Callable[[V], T]) -> T:
    """Ask in the first of ``ways``, then in the next if that may be what is refused; remove those that are refused from the list."""
    refused = True
    for index, way in enumerate(list(ways)):
        try:
            answer = ask(way)
        except HTTPError as error:
            status = 500 if error.response is None else error.response.status_code
            if status not in _MAYBE_HOW or index + 1 == len(ways):
                raise
            # A server that fails may only fail now.
            refused = refused and status != 500
        else:
            if refused:
                del ways[:index]
            return answer
    raise AssertionError("there is always a way")


def _rows(answer: Any) -> list[Row]:
    """The answer of a search, which must be in the DICOM JSON model (PS3.18 F.2): a page that is none has other keys."""
    rows = [] if answer is None else answer
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("no list of datasets")
    if rows and not any(_is_tag(key) for row in rows for key in row):
        raise ValueError("no attributes")
    return rows


def _is_tag(key: Any) -> bool:
    return isinstance(key, str) and len(key) == 8 and all(digit in "0123456789abcdefABCDEF" for digit in key)


def _only_part(pieces: Iterator[bytes], boundary: str | None) -> bytes:
    """The content of a multipart message that has one part."""
    first = next(pieces, b"")
    if boundary is None:
        # Some leave it out of the header; then the message begins with it, or is the file itself.
        line = first.lstrip(b"\r\n").partition(b"\r\n")[0]
        if not line.startswith(b"--"):
            return first + b"".join(pieces)
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
    for piece in pieces:
        parser.write(piece)
    if ends != {"part": 1, "message": 1}:
        raise ValueError("cut off, or not one part")
    return bytes(part)
