"""ASGI middleware for every request: id, log line, metrics, security headers, and an answer to any error."""

import asyncio
import re
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logs import frames, log, request_id

from .errors import Draining
from .problems import REASON_KEY, answer, internal_error
from .telemetry import Telemetry
from .tracing import Traces, describe

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_PROBES = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/pleura/ready",
}

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class RequestMiddleware:
    """ASGI middleware around each request.

    Args:
        app: The application.
        telemetry: Counts and times the requests.
        draining: Returns whether the service is stopping; answers then close their connection.
        traces: Opens a span for each request.
    """

    def __init__(
        self, app: ASGIApp, *, telemetry: Telemetry, draining: Callable[[], bool], traces: Traces
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._traces = traces
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        identity = given if _ID.fullmatch(given) else uuid4().hex
        token = request_id.set(identity)
        try:
            with self._traces.request(Headers(scope=scope)) as span:
                await self._serve(scope, receive, send, identity, span)
        finally:
            request_id.reset(token)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, identity: str, span: "Span | None"
    ) -> None:
        start = perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = identity
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if self._draining():
                    headers["Connection"] = "close"
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            log.error("unexpected error", extra={"fields": {"error": frames(error)}})
            scope[REASON_KEY] = "internal-error"
            # An answer that has begun cannot be replaced: the server closes the connection.
            if not status:
                await internal_error(scope)(scope, receive, send_with_headers)
        except asyncio.CancelledError:
            # The grace period is over: requests that are still unanswered get 503.
            if status or not self._draining():
                raise
            await answer(scope, Draining())(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            describe(span, method=method, route=route, status=status, request_id=identity)
            self._count(scope, method, route, status, perf_counter() - start)

    def _count(self, scope: Scope, method: str, route: str, status: int, seconds: float) -> None:
        reason = scope.get(REASON_KEY)
        self._telemetry.requests.labels(method, route, status).inc()
        self._telemetry.request_seconds.labels(route).observe(seconds)
        if reason is not None:
            self._telemetry.rejected.labels(reason).inc()
        if route in _PROBES and status < 400:
            return
        fields = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        log.info("request", extra={"fields": fields | ({"reason": reason} if reason else {})})
