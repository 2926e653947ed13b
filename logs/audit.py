"""The audit trail: who did what to which instance, when, with which outcome (vocabulary of PS3.15 A.5)."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from logging.handlers import SysLogHandler
from typing import Any
from urllib.parse import urlsplit

Code = tuple[str, str]
"""Value and meaning of a code of PS3.16, scheme DCM."""

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

SUCCESS, MINOR_FAILURE, SERIOUS_FAILURE = 0, 4, 8

_FACILITY = SysLogHandler.LOG_AUTHPRIV


class AuditTrail:
    """Writes one JSON line for each event; UIDs only as hashes, nothing else about an image.

    Args:
        target: A file, or ``syslog://HOST:PORT`` (UDP), or ``syslog:`` for the local one.
        name: AE title or name of this system.
        key: Of the HMAC that UIDs are hashed with; with none, whoever knows a UID can find its lines.

    Raises:
        OSError: The target cannot be used.
        ValueError: The target is no address.
    """

    def __init__(self, target: str, *, name: str, key: str = "") -> None:
        self.name, self._key = name, key.encode()
        self._log = logging.Logger("pleura.audit", logging.INFO)
        self._log.addHandler(_handler(target))

    def started(self) -> None:
        """Record the start."""
        self.write(ACTIVITY, "E", SUCCESS, [participant(self.name, APPLICATION)], event_type=START)

    def stopped(self) -> None:
        """Record the end."""
        self.write(ACTIVITY, "E", SUCCESS, [participant(self.name, APPLICATION)], event_type=STOP)

    def close(self) -> None:
        """Close the target."""
        for handler in self._log.handlers:
            handler.close()

    def write(
        self,
        event: Code,
        action: str,
        outcome: int,
        participants: list[dict[str, Any]],
        *,
        event_type: Code | None = None,
        uids: Iterable[str] = (),
        detail: str | None = None,
    ) -> None:
        """Write a line.

        Args:
            event: What happened.
            action: ``C`` created, ``R`` read, ``E`` executed.
            outcome: `SUCCESS`, `MINOR_FAILURE` or `SERIOUS_FAILURE`.
            participants: Who took part, from `participant`.
            event_type: What kind of such an event.
            uids: SOP Instance UIDs; they are hashed.
            detail: The outcome in a few words, with nothing about an image.
        """
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
            "AuditSourceIdentification": {"AuditSourceID": self.name, "AuditSourceTypeCode": 4},
        }
        objects = [
            {
                "ParticipantObjectTypeCode": 2,
                "ParticipantObjectTypeCodeRole": 3,
                "ParticipantObjectIDTypeCode": {
                    "csd-code": "pseudonym",
                    "originalText": "HMAC-SHA256 of UID",
                },
                "ParticipantObjectID": self.hashed(uid),
            }
            for uid in uids
        ]
        if objects:
            message["ParticipantObjectIdentification"] = objects
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


def participant(
    title: str, role: Code, *, requestor: bool = False, address: str | None = None
) -> dict[str, Any]:
    """Return a participant of an event.

    Args:
        title: Its AE title or name.
        role: Its role.
        requestor: Whether it began the event.
        address: Its network address; None if it is not known.
    """
    found: dict[str, Any] = {"UserID": title, "UserIsRequestor": requestor, "RoleIDCode": _code(role)}
    if address is not None:
        found["NetworkAccessPointID"], found["NetworkAccessPointTypeCode"] = address, 2
    return found


def _code(code: Code) -> dict[str, str]:
    return {"csd-code": code[0], "codeSystemName": "DCM", "originalText": code[1]}
