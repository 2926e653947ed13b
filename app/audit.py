"""The audit trail of the service: who sent which image, when, for what, with which outcome."""

from __future__ import annotations

from contextvars import ContextVar
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logs.audit import (
    ACCESSED,
    ALERT,
    APPLICATION,
    MINOR_FAILURE,
    NODE,
    SERIOUS_FAILURE,
    SOURCE,
    SUCCESS,
    AuditTrail,
    participant,
)
from model.radiograph import Radiograph

from .access import SettingsError
from .problems import REASON_KEY
from .settings import Settings

NAME = "PLEURA"
_FINGERPRINT = 8
"""Hexadecimal digits of a key's hash: enough to tell keys apart, too few to find one."""

_instances: ContextVar[list[str] | None] = ContextVar("instances", default=None)
"""SOP Instance UIDs of the request in hand; None without an audit trail."""


def configured_audit(settings: Settings) -> AuditTrail | None:
    """Return the audit trail; None where none is configured.

    Raises:
        SettingsError: It cannot be written.
    """
    if settings.audit is None:
        return None
    try:
        return AuditTrail(settings.audit, name=NAME, key=settings.audit_key.get_secret_value())
    except (OSError, ValueError):
        raise SettingsError(
            "The audit trail cannot be written: set PLEURA_AUDIT to a file or to syslog://HOST:PORT."
        ) from None


def accessed(radiograph: Radiograph) -> None:
    """Add an image to those that the request in hand has accessed."""
    instances = _instances.get()
    if instances is not None and radiograph.dataset is not None:
        uid = radiograph.dataset.get("SOPInstanceUID")
        if uid:
            instances.append(str(uid))


class Audited:
    """ASGI middleware that records each POST request, and the start and the end of the service.

    Args:
        app: The application.
        trail: Where the lines go.
        keys: Whether requests carry keys.
    """

    def __init__(self, app: ASGIApp, *, trail: AuditTrail, keys: bool) -> None:
        self._app, self._trail, self._keys = app, trail, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            self._trail.started()
            try:
                await self._app(scope, receive, send)
            finally:
                self._trail.stopped()
                self._trail.close()
        elif scope["type"] == "http" and scope["method"] == "POST":
            await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        instances: list[str] = []
        token = _instances.set(instances)
        try:
            await self._app(scope, receive, watched)
        finally:
            _instances.reset(token)
            self._record(scope, status, instances)

    def _record(self, scope: Scope, status: int, instances: list[str]) -> None:
        client = scope.get("client")
        who = participant(
            self._user(scope, status), SOURCE, requestor=True, address=client[0] if client else None
        )
        if status == 401:
            self._trail.write(ALERT, "E", MINOR_FAILURE, [who], event_type=NODE)
            return
        route = getattr(scope.get("route"), "path", "unmatched")
        reason = scope.get(REASON_KEY)
        # 0: the client left before the answer began.
        minor = status == 0 or 400 <= status < 500
        self._trail.write(
            ACCESSED,
            "R",
            SUCCESS if 0 < status < 400 else MINOR_FAILURE if minor else SERIOUS_FAILURE,
            [who, participant(self._trail.name, APPLICATION)],
            uids=dict.fromkeys(instances),
            detail=f"{route} {status}" + (f" {reason}" if reason else ""),
        )

    def _user(self, scope: Scope, status: int) -> str:
        """Return the fingerprint of the sender's key, or that it has none that is valid."""
        if not self._keys:
            return "anonymous"
        if status == 401:
            return "no valid key"
        _, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
        return f"key {sha256(key.strip().encode()).hexdigest()[:_FINGERPRINT]}"
