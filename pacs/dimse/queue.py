"""The queue on disk: instances that were received, results that are to be sent."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from time import time

from pydicom import Dataset

from ..errors import PacsError
from ..listed import Instance
from .database import Database
from .instances import Instances
from .results import Results

KEPT_S = 90 * 86_400
"""Seconds for which a finished instance is remembered, so that it is not processed again."""

_LEAST_FREE = 2
"""Largest instances that must fit on the disk."""


class Admission(StrEnum):
    """Answer to an instance that arrives."""

    TAKEN = "taken"
    KNOWN = "known"
    FULL = "full"


class Queue:
    """Instances and results in a folder: files, and their states in a database.

    Each is acknowledged only when file and row are on disk. The methods may be called from any thread. For
    the worker, the queue is the archive with which it exchanges files.

    Attributes:
        incoming: Folder for the files of instances that are arriving.
        instances: What was received.
        results: What is to be sent.

    Args:
        folder: Where it lies; used by one process at a time.
        most: Waiting instances and results at which it is full.
        largest: Bytes of the largest instance.

    Raises:
        PacsError: The folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path, *, most: int, largest: int) -> None:
        self._folder, self._most, self._largest = folder, most, largest
        self.incoming, received, results = (folder / name for name in ("incoming", "received", "results"))
        try:
            for each in (self.incoming, received, results):
                each.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._database = Database(folder / "queue.sqlite")
        except BlockingIOError:
            raise PacsError(f"Another process uses the queue {folder}: give each its own --queue.") from None
        except (OSError, sqlite3.Error) as error:
            raise PacsError(f"The queue {folder} cannot be used ({error}): give another --queue.") from None
        self.instances = Instances(self._database, received)
        self.results = Results(self._database, results)
        self.sweep(older_s=-1)
        self.instances.tidy()
        self.results.tidy()

    def close(self) -> None:
        """Close the database and let another process use the folder."""
        self._database.close()
        os.close(self._held)

    def admit(self, uid: str, file: Path, *, sender: str) -> Admission:
        """Take over the file of an instance unless it is known or the queue is full.

        Args:
            uid: SOP Instance UID.
            file: A file in `incoming`, which is moved.
            sender: AE title.

        Raises:
            OSError: The file cannot be stored.
        """
        if self.instances.knows(uid):
            return Admission.KNOWN
        if self._is_full():
            return Admission.FULL
        return Admission.TAKEN if self.instances.add(uid, file, sender=sender) else Admission.KNOWN

    def has_series(self, study: str, uid: str) -> bool:
        """Return whether a result was made.

        Args:
            study: Study Instance UID; not needed here.
            uid: Series Instance UID of the result.
        """
        return self.results.has_series(uid)

    def fetch(self, instance: Instance) -> bytes:
        """Return the file of an instance.

        Raises:
            Refused: The file is not there.
        """
        return self.instances.fetch(instance.uid)

    def store(self, dataset: Dataset, *, study: str) -> None:
        """Keep a result until it is sent.

        Args:
            dataset: The result, with its file meta information.
            study: Study Instance UID; the dataset has it, too.

        Raises:
            Unavailable: The disk is full or fails.
        """
        self.results.store(dataset)

    def depth(self) -> dict[str, int]:
        """Return how many instances wait for the network, and how many results in which state."""
        results = {f"results_{state}": count for state, count in self.results.pending().items()}
        return {"instances": self.instances.waiting()} | results

    def sweep(self, *, older_s: float) -> None:
        """Delete what broken associations left in `incoming`, and forget what was finished long ago."""
        for file in self.incoming.iterdir():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < time() - older_s:
                    file.unlink()
        self.instances.forget(before=time() - KEPT_S)
        self.results.forget(before=time() - KEPT_S)

    def _is_full(self) -> bool:
        free = shutil.disk_usage(self._folder).free
        return sum(self.depth().values()) >= self._most or free < _LEAST_FREE * self._largest
