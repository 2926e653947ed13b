"""The request to stop, which interrupts a wait."""

import os
import select
import signal
from types import FrameType


class Stop:
    """A stop flag that a signal or another thread sets and the loop checks.

    A `threading.Event` could deadlock: the wait that the signal handler interrupts may hold its lock.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        self.wanted = False

    def want(self) -> None:
        """Request a stop."""
        self.wanted = True
        os.write(self._writing, b"\0")

    def wait(self, seconds: float) -> bool:
        """Wait until the time is over or a stop is requested.

        Returns:
            Whether a stop was requested.
        """
        if not self.wanted:
            select.select([self._reading], [], [], seconds)
        return self.wanted

    def on_signals(self) -> None:
        """Stop on SIGTERM and SIGINT; a second signal ends the process at once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.want()
