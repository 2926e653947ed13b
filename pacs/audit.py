"""The audit trail of `pleura pacs`."""

from __future__ import annotations

from logs.audit import (
    ACCESSED,
    ALERT,
    APPLICATION,
    DESTINATION,
    MINOR_FAILURE,
    NODE,
    SERIOUS_FAILURE,
    SOURCE,
    SUCCESS,
    TRANSFERRED,
    AuditTrail,
    participant,
)

from .errors import PacsError
from .worker import End, Outcome

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


class Audit(AuditTrail):
    """The audit trail of instances that are processed, received and sent.

    Args:
        target: A file, or ``syslog://HOST:PORT`` (UDP), or ``syslog:`` for the local one.
        ae_title: Title or name of this system.
        key: Of the HMAC that UIDs are hashed with; with none, whoever knows a UID can find its lines.

    Raises:
        PacsError: The target cannot be used.
    """

    def __init__(self, target: str, *, ae_title: str, key: str = "") -> None:
        try:
            super().__init__(target, name=ae_title, key=key)
        except (OSError, ValueError):
            raise PacsError(
                "The audit trail cannot be written: set PLEURA_PACS_AUDIT to a file or to syslog://HOST:PORT."
            ) from None

    def ended(self, level: str, uid: str, end: End) -> None:
        """Record that an instance was read, and its outcome; see `Ended`."""
        self.write(
            ACCESSED,
            "R",
            _OUTCOMES.get(end.outcome, SUCCESS),
            [participant(self.name, APPLICATION, requestor=True)],
            uids=[uid],
            detail=f"{end.outcome}: {end.reason}" if end.reason else str(end.outcome),
        )

    def received(self, answer: str, uid: str, peer: str) -> None:
        """Record a C-STORE request; see `Transferred`."""
        participants = [participant(peer, SOURCE, requestor=True), participant(self.name, DESTINATION)]
        self.write(TRANSFERRED, "C", _OUTCOMES[answer], participants, uids=[uid], detail=answer)

    def sent(self, outcome: str, uid: str, peer: str) -> None:
        """Record an attempt to send a result; see `Transferred`."""
        participants = [participant(self.name, SOURCE, requestor=True), participant(peer, DESTINATION)]
        self.write(TRANSFERRED, "C", _OUTCOMES[outcome], participants, uids=[uid], detail=outcome)

    def rejected(self, peer: str, address: str) -> None:
        """Record a caller whose association was rejected.

        Args:
            peer: Its AE title.
            address: Its network address.
        """
        participants = [participant(peer, SOURCE, requestor=True, address=address)]
        self.write(ALERT, "E", MINOR_FAILURE, participants, event_type=NODE)
