"""OHIF's built viewer (the folder `dist` of npm's package `@ohif/app`) in front of an Orthanc.

PLEURA_OHIF_DIST names that folder; ``.ci/ohif`` fetches it.
"""

from __future__ import annotations

import http.client
import os
from contextlib import closing
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

CONFIGURATION = b"""
window.config = {
  routerBasename: '/', extensions: [], modes: [], showStudyList: true,
  showWarningMessageForCrossOrigin: false,
  defaultDataSourceName: 'dicomweb',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'dicomweb',
    configuration: {
      friendlyName: 'Orthanc', name: 'orthanc', wadoUriRoot: '/dicom-web', qidoRoot: '/dicom-web',
      wadoRoot: '/dicom-web', qidoSupportsIncludeField: false, supportsReject: false,
      imageRendering: 'wadors', thumbnailRendering: 'wadors', enableStudyLazyLoad: true,
      supportsFuzzyMatching: false, supportsWildcard: true, omitQuotationForMultipartRequest: true,
      dicomUploadEnabled: false,
    },
  }],
};
"""


def dist() -> Path | None:
    """The viewer's folder, if there is one."""
    given = os.environ.get("PLEURA_OHIF_DIST")
    folder = None if given is None else Path(given)
    return folder if folder is not None and (folder / "index.html").is_file() else None


class Ohif:
    """A server of the viewer, whose `/dicom-web` is the archive's."""

    def __init__(self, folder: Path, archive: str) -> None:
        address = urlsplit(archive)

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, directory=str(folder), **options)

            def end_headers(self) -> None:
                self.send_header("Cross-Origin-Opener-Policy", "same-origin")
                self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
                super().end_headers()

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path.startswith("/dicom-web"):
                    self._forward()
                elif path == "/app-config.js":
                    self._send(200, "text/javascript", CONFIGURATION)
                else:
                    if not (folder / path.lstrip("/")).is_file():
                        self.path = "/index.html"
                    super().do_GET()

            def _forward(self) -> None:
                assert address.hostname is not None
                accept = {"Accept": self.headers.get("Accept", "*/*")}
                with closing(
                    http.client.HTTPConnection(address.hostname, address.port or 80, timeout=60)
                ) as connection:
                    connection.request("GET", self.path, headers=accept)
                    answer = connection.getresponse()
                    body = answer.read()
                self._send(answer.status, answer.headers.get("Content-Type", ""), body)

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
