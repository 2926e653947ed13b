"""A service in a separate process, with a fake engine: ``python -m tests.app.serving FOLDER [SECONDS]``.

The engine makes the file ``entered`` in the folder when it begins, waits for the file ``go`` and takes so
many seconds.
"""

import os
import sys
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from app.server import serve
from app.settings import Settings
from model.engines import EngineOutput
from tests.app.fakes import FakeEngine, segmenter


class FileEngine(FakeEngine):
    """Held by a file that is not there."""

    def __init__(self, folder: Path, *, seconds: float = 0) -> None:
        super().__init__()
        self._folder = folder
        self._seconds = seconds

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        (self._folder / "entered").touch()
        pause = Event()
        while not (self._folder / "go").exists():
            pause.wait(0.01)
        pause.wait(self._seconds)
        return super().__call__(batch)


if __name__ == "__main__":
    folder, *seconds = sys.argv[1:]
    engine = FileEngine(Path(folder), seconds=float(*seconds))
    failure = serve(Settings(), segmenter=segmenter(engine))
    # As the command does: whatever a thread is stuck in.
    os._exit(1 if failure else 0)
