"""The Storage SCP: takes radiographs into the queue."""

from __future__ import annotations

import sqlite3
import ssl
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any
from weakref import WeakKeyDictionary

from pydicom import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from logs import log

from ..address import Address
from ..errors import PacsError
from ..observers import Transferred
from .queue import Admission, Queue
from .server import Server, metered
from .settings import ListenSettings
from .sop_classes import COMMITMENT, RECEIVED, TRANSFER_SYNTAXES, VERIFICATION

SUCCESS, OUT_OF_RESOURCES, CANNOT_UNDERSTAND, PROCESSING_FAILURE = 0x0000, 0xA700, 0xC000, 0x0110
"""Statuses of C-STORE (PS3.4 B.2.3); the last one is of all services (PS3.7 C)."""

_MOST_UID = 64
"""The most characters of a UID (PS3.5 9.1)."""


class Listener:
    """A Storage SCP with C-ECHO, which also takes the answers to requests for storage commitment.

    Args:
        queue: Where instances go.
        ae_title: Its AE title; calls of any other are rejected.
        calling: AE titles that may call; empty for all.
        settings: Limits.
        tls: Context to listen with; None without TLS.
        on_end: Called with the outcome of each C-STORE.
        on_reject: Called with the AE title and the address of each caller that is rejected.
    """

    def __init__(
        self,
        queue: Queue,
        *,
        ae_title: str,
        calling: Sequence[str] = (),
        settings: ListenSettings,
        tls: ssl.SSLContext | None = None,
        on_end: Sequence[Transferred] = (),
        on_reject: Callable[[str, str], None] = lambda ae_title, address: None,
    ) -> None:
        self._queue, self._settings, self._tls, self._on_end = queue, settings, tls, on_end
        self._on_reject = on_reject
        self._restart: WeakKeyDictionary[Association, Callable[[], None]] = WeakKeyDictionary()
        self._server: Server | None = None
        _config.LOG_HANDLER_LEVEL = "none"
        self._ae = ae = AE(ae_title)
        ae.require_called_aet = True
        ae.require_calling_aet = list(calling)
        ae.maximum_associations = settings.max_associations
        ae.maximum_pdu_size = settings.max_pdu
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = settings.idle_s
        ae.add_supported_context(VERIFICATION)
        for sop_class in RECEIVED:
            ae.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))
        # As the SCU of storage commitment, whose SCP may call to answer (PS3.4 J.3.3). The caller proposes
        # the roles (PS3.7 D.3.3.4); here it is the SCP.
        ae.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)

    def start(self, address: Address) -> int:
        """Listen in separate threads, and return the port.

        Raises:
            PacsError: The address cannot be used.
        """
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._open),
            (evt.EVT_CONN_CLOSE, self._close),
            (evt.EVT_REJECTED, self._rejected),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_EVENT_REPORT, self._report),
        ]
        try:
            server = self._ae.make_server(
                (address.host, address.port),
                ssl_context=self._tls,
                evt_handlers=handlers,
                server_class=Server,
            )
        except OSError as error:
            raise PacsError(
                f"Nothing can listen on {address.host}:{address.port} ({error.strerror}): "
                "give another --listen."
            ) from None
        assert isinstance(server, Server)
        settings = self._settings
        server.limit(max_pdu=settings.max_pdu, max_bytes=settings.max_mb * 1_000_000, idle_s=settings.idle_s)
        # Received data goes to files in the queue: pynetdicom has no setting for the folder.
        _config.STORE_RECV_CHUNKED_DATASET = True
        tempfile.tempdir = str(self._queue.incoming)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        self._server = server
        return int(server.server_address[1])

    @property
    def associations(self) -> int:
        """Number of open connections."""
        return 0 if self._server is None else len(self._server.active_associations)

    def stop(self) -> None:
        """Stop listening and abort what is in progress: senders send again what has no answer."""
        if self._server is not None:
            self._server.shutdown()
            for association in self._server.active_associations:
                if association.is_established:
                    association.abort(block=False)
                elif association.dul.socket is not None:
                    # An abort is not defined before the request for an association (PS3.8 9.2.3).
                    association.dul.socket.close()
            self._server = None
            if tempfile.tempdir == str(self._queue.incoming):
                tempfile.tempdir = None

    def _open(self, event: Event) -> None:
        if self._server is not None:
            self._restart[event.assoc] = metered(event.assoc, self._server)

    def _close(self, event: Event) -> None:
        """End the thread of a closed connection, and remove the file of an instance that was cut off."""
        if event.assoc.requestor.primitive is None:
            event.assoc.dul.to_user_queue.put(None)  # type: ignore[arg-type]
        file = getattr(getattr(event.assoc.dimse, "message", None), "_data_set_file", None)
        if file is not None:
            file.close()
            Path(file.name).unlink(missing_ok=True)

    def _rejected(self, event: Event) -> None:
        caller = event.assoc.requestor
        fields = {"from": caller.ae_title, "address": caller.address}
        log.warning("association rejected", extra={"fields": fields})
        self._on_reject(caller.ae_title, str(caller.address))

    def _tell(self, outcome: str, uid: str, peer: str) -> None:
        for ended in self._on_end:
            ended(outcome, uid, peer)

    def _store(self, event: Event) -> int:
        self._restart.get(event.assoc, lambda: None)()
        peer = event.assoc.requestor.ae_title
        uid = str(getattr(event.request, "AffectedSOPInstanceUID", None) or "")
        if not 0 < len(uid) <= _MOST_UID:
            return CANNOT_UNDERSTAND
        try:
            admission = self._queue.admit(uid, Path(event.dataset_path), sender=peer)
        except (OSError, sqlite3.Error) as error:
            log.error("queue failed", extra={"fields": {"reason": type(error).__name__}})
            self._tell("failed", uid, peer)
            return OUT_OF_RESOURCES
        fields = {"instance": uid, "from": peer}
        log.info("received" if admission is Admission.TAKEN else admission, extra={"fields": fields})
        self._tell(admission, uid, peer)
        return OUT_OF_RESOURCES if admission is Admission.FULL else SUCCESS

    def _report(self, event: Event) -> tuple[int, Dataset | None]:
        try:
            report(self._queue, event.event_information)
        except Exception as error:
            # The peer's dataset may be anything.
            log.warning("commitment not understood", extra={"fields": {"reason": type(error).__name__}})
            return PROCESSING_FAILURE, None
        return SUCCESS, None


def report(queue: Queue, information: Dataset) -> None:
    """Record an answer to a request for storage commitment (PS3.4 J.3.3).

    Args:
        queue: Has the results.
        information: The Event Information of the N-EVENT-REPORT.
    """
    transaction = str(information.TransactionUID)
    for keyword, kept in (("ReferencedSOPSequence", True), ("FailedSOPSequence", False)):
        for item in information.get(keyword) or ():
            uid = str(item.ReferencedSOPInstanceUID)
            if queue.results.committed(uid, transaction, kept=kept):
                log.info("committed" if kept else "not committed", extra={"fields": {"result": uid}})
