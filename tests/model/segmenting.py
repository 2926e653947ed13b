"""``pleura segment`` in a separate process with a fake engine.

Usage: ``python -m tests.model.segmenting FOLDER ARGUMENTS``.

The engine makes the file ``entered`` in the folder at its third image, and waits for the file ``go``.
"""

import sys
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

import model.segmenter
import pleura_cli
from model.engines import EngineOutput
from tests.app.fakes import FakeEngine, segmenter


class FileEngine(FakeEngine):
    """Held by a file that is not there."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        if len(self.batches) == 2:
            (self._folder / "entered").touch()
            pause = Event()
            while not (self._folder / "go").exists():
                pause.wait(0.01)
        return super().__call__(batch)


if __name__ == "__main__":
    engine = FileEngine(Path(sys.argv.pop(1)))
    model.segmenter.Segmenter = lambda *_, **__: segmenter(engine)  # type: ignore[misc,assignment]
    pleura_cli.main()
