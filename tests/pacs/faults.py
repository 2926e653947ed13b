"""Fault injection between the watcher and a real archive."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from requests import PreparedRequest, Response, exceptions
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse


@dataclass
class _Fault:
    method: str
    path: re.Pattern[str]
    times: int
    answer: Callable[[], HTTPResponse]


class Faults(HTTPAdapter):
    """Passes on what no fault is set for, and keeps what was asked in ``asked``."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.drop_queries = False
        self.after: Callable[[str], object] = lambda asked: None
        self._faults: list[_Fault] = []

    def status(
        self,
        status: int,
        *,
        method: str = "GET",
        path: str = ".*",
        times: int = 1,
        body: bytes = b"DOE^JANE",
        **headers: str,
    ) -> None:
        """Answer the next requests so."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        def answer() -> HTTPResponse:
            return HTTPResponse(BytesIO(body), status=status, headers=named, preload_content=False)

        self._faults.append(_Fault(method, re.compile(path), times, answer))

    def unreachable(self, *, times: int = 1) -> None:
        """Does not get through with the next requests."""

        def fail() -> HTTPResponse:
            raise exceptions.ConnectionError("DOE^JANE")

        self._faults.append(_Fault("GET", re.compile(".*"), times, fail))

    def requests(self, method: str, path: str = ".*") -> list[str]:
        """What was asked."""
        return [asked for asked in self.asked if re.match(f"{method} {path}$", asked)]

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        asked = f"{request.method} {request.path_url.partition('/dicom-web')[2]}"
        self.asked.append(asked)
        for fault in self._faults:
            if fault.times and fault.method == request.method and fault.path.search(request.path_url):
                fault.times -= 1
                return self.build_response(request, fault.answer())
        if self.drop_queries and request.url is not None:
            request.url = request.url.partition("?")[0]
        response = super().send(request, *arguments, **options)
        self.after(asked)
        return response
