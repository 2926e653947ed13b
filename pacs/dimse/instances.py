"""The instances that were received and are to be segmented."""

from __future__ import annotations

from pathlib import Path
from time import time

from ..errors import Refused
from ..listed import Instance
from ..postponed import MOST_FAILURES, pause_s
from .database import Database, file_name, sync


class Instances:
    """Received instances: a file each, and a row in the database.

    An instance is *waiting* until it is *done*; then its file is deleted, and its row remains so that it is
    not processed again.

    Args:
        database: Holds the rows.
        folder: Holds the files; on the file system from which they are moved.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder

    def knows(self, uid: str) -> bool:
        """Whether an instance was received, be it done or not."""
        return self._database.one("SELECT 1 FROM instances WHERE uid = ?", uid) is not None

    def add(self, uid: str, file: Path, *, sender: str) -> bool:
        """Take over the file of an instance; afterwards it survives a crash.

        Args:
            uid: SOP Instance UID.
            file: A file on the same file system, which is moved.
            sender: AE title.

        Returns:
            Whether it is new; if not, the file stays where it is.

        Raises:
            OSError: The file cannot be stored.
        """
        sync(file)
        with self._database.lock:
            if self.knows(uid):
                return False
            file.replace(self._folder / file_name(uid))
            sync(self._folder)
            self._database.change(
                "INSERT INTO instances (uid, sender, state, changed) VALUES (?, ?, 'waiting', ?)",
                uid,
                sender,
                time(),
            )
        return True

    def next(self) -> Instance | None:
        """Return the instance that is due longest; None if none is due."""
        row = self._database.one(
            "SELECT uid, sender FROM instances WHERE state = 'waiting' AND due <= ? "
            "ORDER BY due, changed LIMIT 1",
            time(),
        )
        return None if row is None else Instance("", "", row[0], ae=(row[1],))

    def fetch(self, uid: str) -> bytes:
        """Return the file of an instance.

        Raises:
            Refused: The file is not there.
        """
        try:
            return (self._folder / file_name(uid)).read_bytes()
        except OSError:
            raise Refused("its file is missing from the queue") from None

    def finish(self, uid: str) -> None:
        """Record that an instance is done, and delete its file."""
        self._database.change("UPDATE instances SET state = 'done', changed = ? WHERE uid = ?", time(), uid)
        (self._folder / file_name(uid)).unlink(missing_ok=True)

    def postpone(self, uid: str) -> bool:
        """Process an instance again later, and return whether there is a further attempt."""
        with self._database.lock:
            (failures,) = self._database.one("SELECT failures FROM instances WHERE uid = ?", uid)
            self._database.change(
                "UPDATE instances SET failures = failures + 1, due = ? WHERE uid = ?",
                time() + pause_s(failures),
                uid,
            )
        return bool(failures + 1 < MOST_FAILURES)

    def waiting(self) -> int:
        """Return how many wait for the network."""
        (count,) = self._database.one("SELECT count(*) FROM instances WHERE state = 'waiting'")
        return int(count)

    def forget(self, *, before: float) -> None:
        """Delete the rows of instances that were done before a time, in seconds since the epoch."""
        self._database.change("DELETE FROM instances WHERE state = 'done' AND changed < ?", before)

    def tidy(self) -> None:
        """Delete files without a row, which a crash left."""
        with self._database.lock:
            rows = self._database.all("SELECT uid FROM instances WHERE state != 'done'")
            known = {file_name(uid) for (uid,) in rows}
            for file in self._folder.iterdir():
                if file.name not in known:
                    file.unlink()
