"""The audit trail: who did what to which instance, when, with which outcome (vocabulary of PS3.15 A.5)."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
from datetime import UTC, datetime
from logging.handlers import SysLogHandler
from typing import Any
from urllib.parse import urlsplit

from .errors import PacsError
from .worker import End, Outcome

START, STOP = ("110120", "Application Start"), ("110121", "Application Stop")
ACTIVITY = ("110100", "Application Activity")
ACCESSED = ("110103", "DICOM Instances Accessed")
TRANSFERRED = ("110104", "DICOM Instances Transferred")
ALERT, NODE = ("110113", "Security Alert"), ("110126", "Node Authentication")
SOURCE, DESTINATION, APPLICATION = (
    ("110153", "Source Role ID"),
    ("110152", "Destination Role ID"),
    ("110150", "Application"),
)
"""Codes of PS3.16, scheme DCM."""

SUCCESS, MINOR_FAILURE, SERIOUS_FAILURE = 0, 4, 8

_FACILITY = SysLogHandler.LOG_AUTHPRIV
_OUTCOMES = {
    Outcome.PASSED_OVER: MINOR_FAILURE,
    Outcome.REFUSED: SERIOUS_FAILURE,
    "taken": SUCCESS,
    "known": SUCCESS,
    "sent": SUCCESS,
    "full": MINOR_FAILURE,
    "failed": MINOR_FAILURE,
    "refused": SERIOUS_FAILURE,
}


class Audit:
    """Writes one JSON line for each event; UIDs only as hashes, nothing else about an image.

    Args:
        target: a file, or ``syslog://HOST:PORT`` (UDP), or ``syslog:`` for the local one.
        ae_title: title or name of this system.
        key: of the HMAC that UIDs are hashed with; with none, whoever knows a UID can find its lines.

    Raises:
        PacsError: the target cannot be used.
    """

    def __init__(self, target: str, *, ae_title: str, key: str = "") -> None:
        self._title, self._key = ae_title, key.encode()
        self._log = logging.Logger("pleura.audit", logging.INFO)
        try:
            self._log.addHandler(_handler(target))
        except (OSError, ValueError):
            raise PacsError(
                "The audit trail cannot be written: set PLEURA_PACS_AUDIT to a file or to syslog://HOST:PORT."
            ) from None

    def started(self) -> None:
        """Record the start."""
        self._write(ACTIVITY, "E", SUCCESS, [_participant(self._title, APPLICATION)], event_type=START)

    def stopped(self) -> None:
        """Record the end."""
        self._write(ACTIVITY, "E", SUCCESS, [_participant(self._title, APPLICATION)], event_type=STOP)

    def ended(self, level: str, uid: str, end: End) -> None:
        """Record that an instance was read, and its outcome."""
        self._write(
            ACCESSED,
            "R",
            _OUTCOMES.get(end.outcome, SUCCESS),
            [_participant(self._title, APPLICATION, requestor=True)],
            uid=uid,
            detail=f"{end.outcome}: {end.reason}" if end.reason else str(end.outcome),
        )

    def received(self, answer: str, uid: str, peer: str) -> None:
        """Record a C-STORE request."""
        participants = [_participant(peer, SOURCE, requestor=True), _participant(self._title, DESTINATION)]
        self._write(TRANSFERRED, "C", _OUTCOMES[answer], participants, uid=uid, detail=answer)

    def sent(self, outcome: str, uid: str, peer: str) -> None:
        """Record an attempt to send a result."""
        participants = [_participant(self._title, SOURCE, requestor=True), _participant(peer, DESTINATION)]
        self._write(TRANSFERRED, "C", _OUTCOMES[outcome], participants, uid=uid, detail=outcome)

    def rejected(self, peer: str, address: str) -> None:
        """Record a caller whose association was rejected."""
        participants = [_participant(peer, SOURCE, requestor=True, address=address)]
        self._write(ALERT, "E", MINOR_FAILURE, participants, event_type=NODE)

    def close(self) -> None:
        """Close the target."""
        for handler in self._log.handlers:
            handler.close()

    def _write(
        self,
        event: tuple[str, str],
        action: str,
        outcome: int,
        participants: list[dict[str, Any]],
        *,
        event_type: tuple[str, str] | None = None,
        uid: str | None = None,
        detail: str | None = None,
    ) -> None:
        identification: dict[str, Any] = {
            "EventID": _code(event),
            "EventActionCode": action,
            "EventDateTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "EventOutcomeIndicator": outcome,
        }
        if event_type is not None:
            identification["EventTypeCode"] = _code(event_type)
        if detail is not None:
            identification["EventOutcomeDescription"] = detail
        message: dict[str, Any] = {
            "EventIdentification": identification,
            "ActiveParticipant": participants,
            "AuditSourceIdentification": {"AuditSourceID": self._title, "AuditSourceTypeCode": 4},
        }
        if uid is not None:
            message["ParticipantObjectIdentification"] = [
                {
                    "ParticipantObjectTypeCode": 2,
                    "ParticipantObjectTypeCodeRole": 3,
                    "ParticipantObjectIDTypeCode": {
                        "csd-code": "pseudonym",
                        "originalText": "HMAC-SHA256 of UID",
                    },
                    "ParticipantObjectID": self.hashed(uid),
                }
            ]
        self._log.info(json.dumps(message, separators=(",", ":")))

    def hashed(self, uid: str) -> str:
        """Return the hash of a UID, 64 hexadecimal digits."""
        return hmac.new(self._key, uid.encode(), hashlib.sha256).hexdigest()


def _handler(target: str) -> logging.Handler:
    if not target.startswith("syslog:"):
        path = os.path.abspath(target)  # noqa: PTH100
        # Read by root and the service alone.
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        return logging.FileHandler(path, encoding="utf-8")
    address = urlsplit(target)
    if address.hostname is None:
        return SysLogHandler("/dev/log", _FACILITY)
    return SysLogHandler((address.hostname, address.port or 514), _FACILITY)


def _participant(
    title: str, role: tuple[str, str], *, requestor: bool = False, address: str | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = {"UserID": title, "UserIsRequestor": requestor, "RoleIDCode": _code(role)}
    if address is not None:
        found["NetworkAccessPointID"], found["NetworkAccessPointTypeCode"] = address, 2
    return found


def _code(code: tuple[str, str]) -> dict[str, str]:
    return {"csd-code": code[0], "codeSystemName": "DCM", "originalText": code[1]}
