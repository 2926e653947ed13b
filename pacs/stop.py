"""The wish to stop, which interrupts a wait."""

import os
import select
import signal
from types import FrameType


class Stop:
    """Set by a signal or another thread, asked by the loop.

    An `Event` would not do: its lock may be held by the very wait that the signal's handler interrupts.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        self.wanted = False

    def want(self) -> None:
        """Asks to stop."""
        self.wanted = True
        os.write(self._writing, b"\0")

    def wait(self, seconds: float) -> bool:
        """Waits, but no longer than until a stop is wanted.

        Returns:
            Whether it is.
        """
        if not self.wanted:
            select.select([self._reading], [], [], seconds)
        return self.wanted

    def on_signals(self) -> None:
        """Takes SIGTERM and SIGINT as the wish to stop; the second ends the process at once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.want()
