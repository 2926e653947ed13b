"""A proxy that serves a service under a path prefix, as nginx's ``location /pleura/`` does."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

from tests.app.conftest import Service

PREFIX = "/pleura"
_OWN = {"connection", "content-length", "date", "host", "server", "transfer-encoding"}


@contextmanager
def behind_prefix(service: Service) -> Iterator[str]:
    """The address of ``service`` behind the proxy; what is asked for outside of the prefix is not found."""

    class Handler(BaseHTTPRequestHandler):
        def _forward(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = httpx.request(
                self.command,
                f"{service.base_url}{self.path.removeprefix(PREFIX)}",
                content=body,
                headers={name: value for name, value in self.headers.items() if name.lower() not in _OWN},
            )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in _OWN:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = _forward  # noqa: N815 - the names that the parent looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the parent's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
        finally:
            server.shutdown()
            thread.join()
