"""The Storage SCU: sends results from the queue, and asks for storage commitment where it is offered."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from logs import log

from ..address import Peer
from ..observers import Transferred
from ..postponed import MOST_FAILURES, pause_s
from ..stop import Stop
from .listener import SUCCESS, report
from .queue import Queue
from .results import Outgoing
from .sop_classes import COMMITMENT, COMMITMENT_INSTANCE, SENT

BATCH = 50
"""Results in one association."""

COMMIT_WITHIN_S = 3600.0
"""Seconds for the destination to answer a request for commitment; then the result is sent again."""

MOST_REQUESTS = 5
"""Requests for commitment of one result; after that it counts as stored."""

_PAUSE_S = 0.5
_WARNINGS = frozenset({0xB000, 0xB006, 0xB007})
"""Statuses of an instance that was stored with changes or in doubt (PS3.4 B.2.3)."""
_NOT_NOW = frozenset({0x0110, 0x0213})
"""Processing failure and resource limitation (PS3.7 C); also A7xx, out of resources (PS3.4 B.2.3)."""
_REQUEST_COMMITMENT = 1
"""The only action type of storage commitment (PS3.4 J.3.2)."""


class Sender:
    """Sends what is due, until it is told to stop.

    Args:
        queue: Where the results are.
        ae_title: Its AE title.
        peer: Where they go.
        stop: Ends `run`.
        timeout_s: Seconds to connect, and to wait for an answer.
        tls: Context to send with; None without TLS.
        on_end: Called with the outcome of each attempt.
    """

    def __init__(
        self,
        queue: Queue,
        *,
        ae_title: str,
        peer: Peer,
        stop: Stop,
        timeout_s: float,
        tls: ssl.SSLContext | None = None,
        on_end: Sequence[Transferred] = (),
    ) -> None:
        self._queue, self._peer, self._stop, self._tls, self._on_end = queue, peer, stop, tls, on_end
        self._ae = ae = AE(ae_title)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = timeout_s
        for sop_class in SENT:
            ae.add_requested_context(sop_class, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
        ae.add_requested_context(COMMITMENT)

    def run(self) -> None:
        """Send until stopped; wait longer after each failure to reach the peer."""
        failures = 0
        while not self._stop.wanted:
            results = self._queue.results.due(BATCH)
            if not results:
                self._stop.wait(_PAUSE_S)
                continue
            if self.send(results):
                failures = 0
                continue
            failures += 1
            if failures == 1:
                log.warning("destination not reached", extra={"fields": {"to": self._peer.ae_title}})
            self._stop.wait(min(2.0 ** (failures - 1), 60.0))

    def send(self, results: Sequence[Outgoing]) -> bool:
        """Send results in one association, and return whether it was established."""
        address = self._peer.address
        association = self._ae.associate(
            address.host,
            address.port,
            ae_title=self._peer.ae_title,
            evt_handlers=[(evt.EVT_N_EVENT_REPORT, self._report)],
            tls_args=None if self._tls is None else (self._tls, address.host),
        )
        if not association.is_established:
            return False
        accepted = {context.abstract_syntax for context in association.accepted_contexts}
        commits = COMMITMENT in accepted
        stored = []
        try:
            for result in results:
                if self._stop.wanted or not association.is_established:
                    break
                if self._send_one(association, result, accepted):
                    stored.append(result)
            self._settle(association, stored, commits=commits)
        finally:
            association.release()
        return True

    def _send_one(self, association: Association, result: Outgoing, accepted: set[Any]) -> bool:
        """Send one result, and return whether the peer stored it."""
        if result.sop_class not in accepted:
            self._refused(result, "SOP class not accepted")
            return False
        try:
            dataset = dcmread(result.path)
            status = association.send_c_store(dataset).get("Status")
        except (OSError, RuntimeError, ValueError) as error:
            # The file is missing, or the association ended meanwhile.
            self._failed(result, type(error).__name__)
            return False
        if status == SUCCESS or status in _WARNINGS:
            return True
        reason = "no answer" if status is None else f"status {status:04X}"
        if status is None or status >> 8 == 0xA7 or status in _NOT_NOW:
            self._failed(result, reason)
        else:
            self._refused(result, reason)
        return False

    def _settle(self, association: Association, stored: Sequence[Outgoing], *, commits: bool) -> None:
        """Record what was stored; before that, ask the peer to commit itself to it."""
        asked = [result for result in stored if commits and result.failures < MOST_REQUESTS]
        transaction = generate_uid()
        if asked:
            request = Dataset()
            request.TransactionUID = transaction
            request.ReferencedSOPSequence = [_reference(result) for result in asked]
            # Before the request: the answer may come first.
            for result in asked:
                self._queue.results.requested(result.uid, transaction, within_s=COMMIT_WITHIN_S)
            try:
                status, _ = association.send_n_action(
                    request, _REQUEST_COMMITMENT, COMMITMENT, COMMITMENT_INSTANCE
                )
                taken = status.get("Status") == SUCCESS
            except (RuntimeError, ValueError):
                taken = False
            if not taken:
                log.warning("commitment refused", extra={"fields": {"to": self._peer.ae_title}})
                asked = []
        for result in stored:
            fields = {"result": result.uid, "to": self._peer.ae_title}
            log.info("sent", extra={"fields": fields})
            if result not in asked:
                self._queue.results.finish(result.uid)
            self._tell("sent", result.uid, self._peer.ae_title)

    def _tell(self, outcome: str, uid: str, peer: str) -> None:
        for ended in self._on_end:
            ended(outcome, uid, peer)

    def _failed(self, result: Outgoing, reason: str) -> None:
        if result.failures + 1 >= MOST_FAILURES:
            self._refused(result, reason)
            return
        self._queue.results.retry(result.uid, pause_s(result.failures))
        log.warning("put off", extra={"fields": {"result": result.uid, "reason": reason}})
        self._tell("failed", result.uid, self._peer.ae_title)

    def _refused(self, result: Outgoing, reason: str) -> None:
        self._queue.results.refuse(result.uid)
        log.warning("refused by the destination", extra={"fields": {"result": result.uid, "reason": reason}})
        self._tell("refused", result.uid, self._peer.ae_title)

    def _report(self, event: Event) -> tuple[int, Dataset | None]:
        report(self._queue, event.event_information)
        return SUCCESS, None


def _reference(result: Outgoing) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = result.sop_class, result.uid
    return item
