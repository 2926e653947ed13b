"""The loop that takes instances from the queue to the worker, with the sender beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import Thread

from logs import log

from ..address import Address
from ..errors import Stopped, Unavailable
from ..stop import Stop
from ..worker import End, Ended, Worker, refused
from .listener import Listener
from .queue import Queue
from .sender import Sender

_PAUSE_S = 0.2
_SWEEP_S = 600.0
_LEFT_S = 3600.0


class Service:
    """Listener, worker and sender.

    Args:
        queue: What they share.
        listener: Receives.
        worker: Segments; runs in the calling thread.
        sender: Sends.
        stop: Ends `run`.
        on_end: Called with the end of an instance that the worker could not process.
    """

    def __init__(
        self,
        queue: Queue,
        listener: Listener,
        worker: Worker,
        sender: Sender,
        stop: Stop,
        *,
        on_end: Sequence[Ended] = (),
    ) -> None:
        self._queue, self._listener, self._worker = queue, listener, worker
        self._sender, self._stop, self._on_end = sender, stop, on_end
        self.ends: Counter[End] = Counter()

    def run(self, address: Address) -> None:
        """Receive, segment and send until stopped.

        Raises:
            PacsError: The address cannot be used.
            PleuraError: The network cannot be used.
        """
        port = self._listener.start(address)
        log.info("listening", extra={"fields": {"port": port, **self._queue.depth()}})
        sending = Thread(target=self._sender.run, name="sender", daemon=True)
        sending.start()
        idle_s = 0.0
        try:
            while not self._stop.wanted:
                if self.once():
                    continue
                idle_s += _PAUSE_S
                if idle_s >= _SWEEP_S:
                    idle_s = 0.0
                    self._queue.sweep(older_s=_LEFT_S)
                self._stop.wait(_PAUSE_S)
        finally:
            self._stop.want()
            self._listener.stop()
            sending.join(30)

    def once(self) -> bool:
        """Process the instance that is due longest, and return whether there was one."""
        instance = self._queue.instances.next()
        if instance is None:
            return False
        try:
            end = self._worker(instance)
        except Stopped:
            return False
        except Unavailable as error:
            if self._queue.instances.postpone(instance.uid):
                log.warning("put off", extra={"fields": {"instance": instance.uid, "reason": error.reason}})
                return True
            end = refused(error.reason, instance=instance.uid)
            for ended in self._on_end:
                ended("instance", instance.uid, end)
        self._queue.instances.finish(instance.uid)
        self.ends[end] += 1
        return True
