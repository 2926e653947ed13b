"""What a request may be addressed to: a path, or a whole address as clients of proxies send it (RFC 9112, 3.2)."""

import re
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import BadRequest, answer

_ABSOLUTE = re.compile(rb"https?://([^/@]+)(/.*)?", re.IGNORECASE | re.DOTALL)


class Targets:
    """Wraps the application: an absolute target becomes a path and a Host, any other that is no path is refused. Pure ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        error = None
        if scope["type"] == "http" and not scope["raw_path"].startswith(b"/"):
            error = _resolve(scope)
        await (self._app if error is None else answer(scope, error))(scope, receive, send)


def _resolve(scope: Scope) -> Exception | None:
    """Makes an absolute target a path, as if it had come so; gives the error where there is none."""
    absolute = _ABSOLUTE.fullmatch(scope["raw_path"])
    if absolute is None:
        if scope["method"] == "CONNECT":
            return HTTPException(404)
        if scope["method"] == "OPTIONS" and scope["raw_path"] == b"*":
            return HTTPException(405, headers={"Allow": "GET, HEAD, POST"})
        return BadRequest("The request target is not an address: begin it with /, as in /healthz.")
    authority, path = absolute[1], absolute[2] or b"/"
    scope["raw_path"] = path
    scope["path"] = unquote(path.decode("ascii"))
    # The target's authority replaces the Host that came beside it (RFC 9112, 3.2.2).
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [(b"host", authority), *others]
    return None
