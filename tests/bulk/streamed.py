"""A fake engine with two streams."""

import signal
import threading
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.engines import EngineOutput
from model.errors import EngineError
from tests.app.fakes import FakeEngine

FAILED = "The network could not be run. Free the device's memory or restart the service."


@dataclass
class StreamedEngine(FakeEngine):
    """An engine on CUDA with two streams, in batches of two images.

    Attributes:
        meeting: Where two batches wait for each other.
        failing: The image whose batch fails.
        interrupting: The image whose batch is interrupted by Ctrl-C.
        reversed: Whether the first batch waits for the second.
    """

    device: str = "cuda"
    max_batch: int = 2
    streams: int = 2
    meeting: threading.Barrier | None = None
    failing: int | None = None
    interrupting: int | None = None
    reversed: bool = False
    second_done: threading.Event = field(default_factory=threading.Event)

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        if self.meeting is not None:
            self.meeting.wait(20)
        images = shown(batch)
        if self.failing in images:
            raise EngineError(FAILED)
        if self.interrupting in images:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if self.reversed and 0 in images:
            assert self.second_done.wait(20), "the second batch does not run beside the first"
        output = super().__call__(batch)
        if 2 in images:
            self.second_done.set()
        return output


def shown(batch: NDArray[np.float32]) -> list[int]:
    """Return the numbers of the images in a batch."""
    return [int((image[0] < 0).any(axis=0).sum()) - 8 for image in batch]
