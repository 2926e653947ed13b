"""The command in a separate process with a fake engine: ``python -m tests.pacs.watching FOLDER pacs …``.

The engine makes the file ``entered`` in the folder when it begins, and waits for the file ``go``. Where
there is a file ``die``, the process is killed as soon as the archive has answered a store.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from pydicom import Dataset

import model.segmenter
from model.segmenter import Segmenter
from pacs.archive import Archive
from pleura_cli import main
from tests.app.serving import FileEngine
from tests.pacs.segmenters import trusting

FOLDER = Path(sys.argv.pop(1))
store = Archive.store


def load(*_: Any, **__: Any) -> Segmenter:
    return trusting(FileEngine(FOLDER))


def store_and_perhaps_die(archive: Archive, dataset: Dataset, *, study: str) -> None:
    store(archive, dataset, study=study)
    if (FOLDER / "die").exists():
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    setattr(model.segmenter, "Segmenter", load)  # noqa: B010 - the command takes it from there
    setattr(Archive, "store", store_and_perhaps_die)  # noqa: B010
    main()
