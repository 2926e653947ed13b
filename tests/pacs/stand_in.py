"""A small PACS without a socket, for behaviour that the real one cannot be made to show."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydicom import Dataset
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from tests.pacs.radiographs import read

JSON = "application/dicom+json"


@dataclass
class Answer:
    """What is sent back."""

    status: int = 200
    body: bytes = b""
    type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


LOGIN_PAGE = Answer(body=b"<!DOCTYPE html><title>Sign in, DOE^JANE</title>", type="text/html; charset=utf-8")

Usual = Callable[[], Answer]


def multipart(data: bytes, *, named: str = 'type="application/dicom"; boundary=xyz') -> Answer:
    """One part; ``named`` are the parameters of the content type."""
    body = b"\r\n--xyz\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n--xyz--"
    return Answer(body=body, type=f"multipart/related; {named}")


class StandIn(HTTPAdapter):
    """Keep files in memory; ``quirk`` may answer a request instead of the usual handler."""

    url = "http://pacs.test:8042/dicom-web"

    def __init__(self) -> None:
        super().__init__()
        self.files: list[bytes] = []
        self.asked: list[PreparedRequest] = []
        self.quirk: Callable[[PreparedRequest, Usual], Answer] = lambda request, usual: usual()

    def sources_of_segmentations(self) -> list[str]:
        """The instances that there is a segmentation of, one for each segmentation."""
        return [
            dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID
            for dataset in map(read, self.files)
            if dataset.Modality == "SEG"
        ]

    def requests(self, method: str, path: str = ".*") -> list[PreparedRequest]:
        """What was asked."""
        return [one for one in self.asked if one.method == method and re.fullmatch(path, path_of(one))]

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        self.asked.append(request)
        answer = self.quirk(request, lambda: self._answer(request))
        headers = {"Content-Type": answer.type} if answer.type else {}
        raw = HTTPResponse(
            BytesIO(answer.body),
            status=answer.status,
            headers=headers | answer.headers,
            preload_content=False,
        )
        return self.build_response(request, raw)

    def _answer(self, request: PreparedRequest) -> Answer:
        path = path_of(request)
        if request.method == "POST":
            return self._store(request)
        if re.fullmatch(".*/instances/[^/]+", path):
            wanted = path.rsplit("/", 1)[1]
            found = [file for file in self.files if read(file).SOPInstanceUID == wanted]
            return multipart(found[0]) if found else Answer(404)
        return self._search(path, dict(parse_qsl(urlsplit(request.url or "").query)))

    def _search(self, path: str, query: dict[str, Any]) -> Answer:
        level = path.rsplit("/", 1)[1]
        offset, limit = int(query.pop("offset", 0)), int(query.pop("limit", 1000))
        place = dict(re.findall(r"/(studies|series|instances)/([\d.]+)", path))
        rows: dict[str, Any] = {}
        for dataset in map(read, self.files):
            uids = {
                "studies": dataset.StudyInstanceUID,
                "series": dataset.SeriesInstanceUID,
                "instances": dataset.SOPInstanceUID,
            }
            asked = {name: value for name, value in query.items() if hasattr(dataset, name)}
            if all(uids[name] == uid for name, uid in place.items()) and all(
                str(dataset[name].value) == value for name, value in asked.items()
            ):
                uid = uids.get(level, dataset.SOPInstanceUID)
                rows[uid] = self._row(dataset)
        page = list(rows.values())[offset : offset + limit]
        return Answer(body=json.dumps(page).encode()) if page else Answer(204)

    def _row(self, dataset: Dataset) -> dict[str, Any]:
        shown = Dataset()
        for element in dataset:
            if element.tag.group < 0x0028 and element.VR != "SQ":
                shown.add(element)
        row: dict[str, Any] = shown.to_json_dict()
        number = sum(read(file).SeriesInstanceUID == dataset.SeriesInstanceUID for file in self.files)
        return row | {"00201209": {"vr": "IS", "Value": [number]}}

    def _store(self, request: PreparedRequest) -> Answer:
        assert isinstance(request.body, bytes)
        file = request.body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        dataset = read(file)
        if dataset.SOPInstanceUID not in {read(kept).SOPInstanceUID for kept in self.files}:
            self.files.append(file)
        return report(stored=dataset.SOPInstanceUID)


def report(*, stored: str | None = None, failed: str | None = None, reason: int | None = None) -> Answer:
    """The answer to a store."""
    said: dict[str, Any] = {}
    if stored is not None:
        said["00081199"] = {"vr": "SQ", "Value": [_item(stored)]}
    if failed is not None:
        why = {} if reason is None else {"00081197": {"vr": "US", "Value": [reason]}}
        said["00081198"] = {"vr": "SQ", "Value": [_item(failed) | why]}
    return Answer(body=json.dumps(said).encode())


def stored_uid(request: PreparedRequest) -> str:
    """The instance that a request stores."""
    assert isinstance(request.body, bytes)
    return str(read(request.body.split(b"\r\n\r\n", 1)[1]).SOPInstanceUID)


def path_of(request: PreparedRequest) -> str:
    return urlsplit(request.url or "").path.removeprefix("/dicom-web")


def _item(uid: str) -> dict[str, Any]:
    return {"00081155": {"vr": "UI", "Value": [uid]}}
