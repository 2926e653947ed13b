"""The listener from its parts, until it is stopped."""

from __future__ import annotations

from logs import log
from model.segmenter import Segmenter

from ..observers import Observers
from ..stop import Stop
from ..totals import log_totals
from ..worker import Worker, WorkOptions
from .listener import Listener
from .queue import Queue
from .sender import Sender
from .service import Service
from .settings import Door, ListenSettings


def serve(
    door: Door, segmenter: Segmenter, stop: Stop, options: WorkOptions, *, observers: Observers
) -> None:
    """Receive, segment and send until stopped.

    Args:
        door: Addresses and the queue.
        segmenter: Makes the masks.
        stop: Ends it.
        options: What is processed, and what is stored.
        observers: Called at the end of each instance.

    Raises:
        PacsError: An address, the queue or a TLS file cannot be used.
        PleuraError: The network cannot be used.
    """
    settings = ListenSettings()
    tls = settings.contexts()
    queue = Queue(door.queue, most=settings.max_queued, largest=settings.max_mb * 1_000_000)
    try:
        listener = Listener(
            queue,
            ae_title=door.ae_title,
            calling=door.calling,
            settings=settings,
            tls=None if tls is None else tls[0],
            on_end=observers.received,
            on_reject=observers.rejected,
        )
        sender = Sender(
            queue,
            ae_title=door.ae_title,
            peer=door.peer,
            stop=stop,
            timeout_s=settings.idle_s,
            tls=None if tls is None else tls[1],
            on_end=observers.sent,
        )
        if observers.metrics is not None:
            observers.metrics.watch_queue(queue.depth, lambda: listener.associations)
        worker = Worker(queue, segmenter, options, on_end=observers.ended)
        service = Service(queue, listener, worker, sender, stop, on_end=observers.ended)
        service.run(door.address)
        log_totals(service.ends)
        log.info("ended", extra={"fields": queue.depth()})
    finally:
        queue.close()
