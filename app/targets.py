"""Request targets (RFC 9112, 3.2): a path, or an absolute URL as clients of proxies send it."""

import re
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import BadRequest
from .problems import answer

_ABSOLUTE = re.compile(rb"https?://([^/@]+)(/.*)?", re.IGNORECASE | re.DOTALL)


class Targets:
    """ASGI middleware: turns an absolute target into a path and a Host header, and rejects other targets."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        error = None
        if scope["type"] == "http" and not scope["raw_path"].startswith(b"/"):
            error = _resolve(scope)
        await (self._app if error is None else answer(scope, error))(scope, receive, send)


def _resolve(scope: Scope) -> Exception | None:
    """Rewrite an absolute target as a path; return the error if the target has no path."""
    absolute = _ABSOLUTE.fullmatch(scope["raw_path"])
    if absolute is None:
        if scope["method"] == "CONNECT":
            return HTTPException(404)
        if scope["method"] == "OPTIONS" and scope["raw_path"] == b"*":
            return HTTPException(405, headers={"Allow": "GET, HEAD, POST"})
        return BadRequest("The request target is not a path. Begin it with /, as in /healthz.")
    authority, path = absolute[1], absolute[2] or b"/"
    scope["raw_path"] = path
    scope["path"] = unquote(path.decode("ascii"))
    # The target's authority replaces the Host header (RFC 9112, 3.2.2).
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [(b"host", authority), *others]
    return None
