"""Observers of finished instances: the report, the metrics, the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .address import Address
from .audit import Audit
from .metrics import Metrics
from .report import Report
from .settings import PacsSettings
from .worker import Ended

Transferred = Callable[[str, str, str], None]
"""Called with the outcome in a word, the SOP Instance UID and the AE title of the other side."""


def _nobody(ae_title: str, address: str) -> None:
    pass


@dataclass(slots=True)
class Observers:
    """Callables, by the event that calls them.

    Attributes:
        ended: Ends of instances and series.
        received, sent: Outcomes of C-STORE requests.
        rejected: Callers that were rejected.
        metrics: The metrics, if they are served.
    """

    ended: list[Ended] = field(default_factory=list)
    received: list[Transferred] = field(default_factory=list)
    sent: list[Transferred] = field(default_factory=list)
    rejected: Callable[[str, str], None] = _nobody
    metrics: Metrics | None = None


@contextmanager
def observing(
    settings: PacsSettings, *, report: Path | None, metrics: Address | None, name: str
) -> Iterator[Observers]:
    """Open what is asked for, and close it at the end.

    Args:
        settings: Whether there is an audit trail.
        report: File of the report.
        metrics: Address of the metrics.
        name: AE title or name of this system, for the audit trail.

    Raises:
        PacsError: A file or an address cannot be used.
    """
    observers = Observers()
    with ExitStack() as stack:
        if report is not None:
            observers.ended.append(stack.enter_context(Report(report)).ended)
        if metrics is not None:
            observers.metrics = served = Metrics()
            served.serve(metrics.host, metrics.port)
            observers.ended.append(served.ended)
            observers.received.append(served.received)
            observers.sent.append(served.sent)
        if settings.audit is not None:
            audit = Audit(settings.audit, ae_title=name, key=settings.audit_key.get_secret_value())
            stack.callback(audit.close)
            observers.ended.append(audit.ended)
            observers.received.append(audit.received)
            observers.sent.append(audit.sent)
            observers.rejected = audit.rejected
            audit.started()
            stack.callback(audit.stopped)
        yield observers
