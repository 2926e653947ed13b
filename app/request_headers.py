"""Rejects requests whose headers are too large, or that carry both Content-Length and Transfer-Encoding."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import AmbiguousLength, HeadersTooLarge, ServiceError
from .problems import answer


class HeaderLimits:
    """ASGI middleware that rejects such requests.

    Args:
        max_bytes: The most bytes of request line and headers.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        error = self._refusal(scope) if scope["type"] == "http" else None
        await (self._app if error is None else answer(scope, error))(scope, receive, send)

    def _refusal(self, scope: Scope) -> ServiceError | None:
        if _size(scope) > self._max_bytes:
            return HeadersTooLarge.over(self._max_bytes)
        headers = Headers(scope=scope)
        if "transfer-encoding" in headers and "content-length" in headers:
            # A proxy that trusts the other header splits requests elsewhere: request smuggling (RFC 9112,
            # 6.1).
            return AmbiguousLength("Send Content-Length or Transfer-Encoding, not both.")
        return None


def _size(scope: Scope) -> int:
    """Return the bytes of request line and headers on the wire, with one space after each colon."""
    target = len(scope["raw_path"]) + (len(scope["query_string"]) + 1 if scope["query_string"] else 0)
    line = len(scope["method"]) + target + len("  HTTP/1.1\r\n")
    return (
        line + sum(len(name) + len(value) + len(": \r\n") for name, value in scope["headers"]) + len("\r\n")
    )
