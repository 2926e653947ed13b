"""The queue on disk: instances that were received, results that are to be sent."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from contextlib import suppress
from enum import StrEnum
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from threading import Lock
from time import time
from typing import Any, NamedTuple

from pydicom import Dataset, dcmwrite

from ..errors import PacsError, Refused, Unavailable
from ..listed import Instance
from ..postponed import MOST_FAILURES, pause_s

KEPT_S = 90 * 86_400
"""Seconds for which a finished instance is remembered, so that it is not processed again."""

_LEAST_FREE = 2
"""Largest instances that must fit on the disk."""

_TABLES = """
CREATE TABLE IF NOT EXISTS instances (
    uid TEXT PRIMARY KEY, sender TEXT NOT NULL, state TEXT NOT NULL, changed REAL NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting_instances ON instances (due) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS results (
    uid TEXT PRIMARY KEY, series TEXT NOT NULL UNIQUE, class TEXT NOT NULL,
    state TEXT NOT NULL, changed REAL NOT NULL, failures INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0, transaction_uid TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting_results ON results (due) WHERE state IN ('waiting', 'sent');
"""


class Admission(StrEnum):
    """Answer to an instance that arrives."""

    TAKEN = "taken"
    KNOWN = "known"
    FULL = "full"


class Outgoing(NamedTuple):
    """A result that is to be sent.

    Attributes:
        uid, sop_class: SOP Instance UID and SOP Class UID.
        path: the file.
        failures: failed attempts so far.
    """

    uid: str
    sop_class: str
    path: Path
    failures: int


class Queue:
    """Instances and results, in files; their states are in an SQLite database that survives SIGKILL.

    An instance is *waiting* until it is *done*. A result is *waiting*, then *sent*, then *done*; *refused*
    if the destination rejected it, until the next start. Each is acknowledged only when file and row are
    on disk. The methods may be called from any thread.

    Args:
        folder: where it lies; used by one process at a time.
        most: waiting instances and results at which it is full.
        largest: bytes of the largest instance.

    Raises:
        PacsError: the folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path, *, most: int, largest: int) -> None:
        self._most, self._largest = most, largest
        self.incoming = folder / "incoming"
        self._received, self._results = folder / "received", folder / "results"
        self._folder = folder
        self._lock = Lock()
        try:
            for each in (self.incoming, self._received, self._results):
                each.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._base = sqlite3.connect(
                folder / "queue.sqlite", check_same_thread=False, isolation_level=None
            )
            self._base.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLES}")
        except BlockingIOError:
            raise PacsError(f"Another process uses the queue {folder}: give each its own --queue.") from None
        except (OSError, sqlite3.Error) as error:
            raise PacsError(f"The queue {folder} cannot be used ({error}): give another --queue.") from None
        self._tidy()

    def close(self) -> None:
        """Close the database and let another process use the folder."""
        with self._lock:
            self._base.close()
            os.close(self._held)

    def admit(self, uid: str, file: Path, *, sender: str) -> Admission:
        """Take over the file of an instance; afterwards it survives a crash.

        Args:
            uid: SOP Instance UID.
            file: a file in `incoming`, which is moved.
            sender: AE title.

        Raises:
            OSError: the file cannot be stored.
        """
        with self._lock:
            if self._one("SELECT 1 FROM instances WHERE uid = ?", uid):
                return Admission.KNOWN
            if self._is_full():
                return Admission.FULL
        _sync(file)
        with self._lock:
            if self._one("SELECT 1 FROM instances WHERE uid = ?", uid):
                return Admission.KNOWN
            file.replace(self._received / _name(uid))
            _sync(self._received)
            self._base.execute(
                "INSERT INTO instances (uid, sender, state, changed) VALUES (?, ?, 'waiting', ?)",
                (uid, sender, time()),
            )
        return Admission.TAKEN

    def next(self) -> Instance | None:
        """Return the instance that is due longest; None if none is due."""
        with self._lock:
            row = self._one(
                "SELECT uid, sender FROM instances WHERE state = 'waiting' AND due <= ? "
                "ORDER BY due, changed LIMIT 1",
                time(),
            )
        return None if row is None else Instance("", "", row[0], ae=(row[1],))

    def finish(self, uid: str) -> None:
        """Record that an instance is done, and delete its file."""
        self._change("UPDATE instances SET state = 'done', changed = ? WHERE uid = ?", time(), uid)
        (self._received / _name(uid)).unlink(missing_ok=True)

    def postpone(self, uid: str) -> bool:
        """Process an instance again later, and return whether there is a further attempt."""
        with self._lock:
            (failures,) = self._one("SELECT failures FROM instances WHERE uid = ?", uid)
            self._base.execute(
                "UPDATE instances SET failures = failures + 1, due = ? WHERE uid = ?",
                (time() + pause_s(failures), uid),
            )
        return bool(failures + 1 < MOST_FAILURES)

    # What the worker sees.

    def fetch(self, instance: Instance) -> bytes:
        """Return the file of an instance.

        Raises:
            Refused: the file is not there.
        """
        try:
            return (self._received / _name(instance.uid)).read_bytes()
        except OSError:
            raise Refused("its file is missing from the queue") from None

    def has_series(self, study: str, uid: str) -> bool:
        """Whether the result with this series UID was made."""
        with self._lock:
            return self._one("SELECT 1 FROM results WHERE series = ?", uid) is not None

    def store(self, dataset: Dataset, *, study: str) -> None:
        """Keep a result until it is sent.

        Raises:
            Unavailable: the disk is full or fails.
        """
        written = BytesIO()
        dcmwrite(written, dataset)
        uid = str(dataset.SOPInstanceUID)
        path = self._results / _name(uid)
        part = path.with_suffix(".part")
        try:
            part.write_bytes(written.getvalue())
            _sync(part)
            part.replace(path)
            _sync(self._results)
            self._change(
                "INSERT INTO results (uid, series, class, state, changed) VALUES (?, ?, ?, 'waiting', ?)",
                uid,
                str(dataset.SeriesInstanceUID),
                str(dataset.SOPClassUID),
                time(),
            )
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"the queue cannot be written ({type(error).__name__})") from None

    # What the sender sees.

    def outgoing(self, most: int) -> list[Outgoing]:
        """Return results that are due, at most ``most``."""
        with self._lock:
            rows = self._base.execute(
                "SELECT uid, class, failures FROM results WHERE state IN ('waiting', 'sent') AND due <= ? "
                "ORDER BY due, changed LIMIT ?",
                (time(), most),
            ).fetchall()
        return [Outgoing(uid, kind, self._results / _name(uid), failures) for uid, kind, failures in rows]

    def sent(self, uid: str) -> None:
        """Record that the destination has a result, and delete its file."""
        self._change("UPDATE results SET state = 'done', changed = ? WHERE uid = ?", time(), uid)
        (self._results / _name(uid)).unlink(missing_ok=True)

    def requested(self, uid: str, transaction: str, *, within_s: float) -> None:
        """Record that the destination was asked to commit itself to a result that it has."""
        self._change(
            "UPDATE results SET state = 'sent', transaction_uid = ?, failures = failures + 1, due = ? "
            "WHERE uid = ?",
            transaction,
            time() + within_s,
            uid,
        )

    def committed(self, uid: str, transaction: str, *, kept: bool) -> bool:
        """Record the destination's answer to a request for commitment.

        Args:
            uid: SOP Instance UID of the result.
            transaction: UID of the request.
            kept: whether it keeps the result; if not, the result is sent again.

        Returns:
            Whether there was such a request.
        """
        with self._lock:
            row = self._one(
                "SELECT state FROM results WHERE uid = ? AND transaction_uid = ?", uid, transaction
            )
        if row is None or row[0] == "done":
            return row is not None
        if kept:
            self.sent(uid)
        else:
            self._change("UPDATE results SET state = 'waiting', due = ? WHERE uid = ?", time() + 60, uid)
        return True

    def retry(self, uid: str, seconds: float) -> None:
        """Send a result again later."""
        self._change(
            "UPDATE results SET state = 'waiting', failures = failures + 1, due = ? WHERE uid = ?",
            time() + seconds,
            uid,
        )

    def refuse(self, uid: str) -> None:
        """Keep a result that the destination rejected until the next start."""
        self._change("UPDATE results SET state = 'refused', changed = ? WHERE uid = ?", time(), uid)

    def depth(self) -> dict[str, int]:
        """Return how many instances wait for the network, and how many results in which state."""
        with self._lock:
            (waiting,) = self._one("SELECT count(*) FROM instances WHERE state = 'waiting'")
            states = dict(
                self._base.execute("SELECT state, count(*) FROM results WHERE state != 'done' GROUP BY state")
            )
        return {"instances": waiting} | {f"results_{state}": count for state, count in sorted(states.items())}

    def _is_full(self) -> bool:
        (instances,) = self._one("SELECT count(*) FROM instances WHERE state = 'waiting'")
        (results,) = self._one("SELECT count(*) FROM results WHERE state != 'done'")
        free = shutil.disk_usage(self._folder).free
        return bool(instances + results >= self._most or free < _LEAST_FREE * self._largest)

    def sweep(self, *, older_s: float) -> None:
        """Delete what broken associations left in `incoming`, and forget what was finished long ago."""
        for file in self.incoming.iterdir():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < time() - older_s:
                    file.unlink()
        oldest = time() - KEPT_S
        with self._lock:
            for table in ("instances", "results"):
                self._base.execute(f"DELETE FROM {table} WHERE state = 'done' AND changed < ?", (oldest,))  # noqa: S608

    def _tidy(self) -> None:
        """After a crash: delete files without a row, and try again what was rejected."""
        self.sweep(older_s=-1)
        with self._lock:
            self._base.execute(
                "UPDATE results SET state = 'waiting', failures = 0, due = 0 WHERE state = 'refused'"
            )
            for folder, table in ((self._received, "instances"), (self._results, "results")):
                rows = self._base.execute(f"SELECT uid FROM {table} WHERE state != 'done'")  # noqa: S608
                known = {_name(uid) for (uid,) in rows}
                for file in folder.iterdir():
                    if file.name not in known:
                        file.unlink()

    def _one(self, query: str, *values: object) -> Any:
        """Return the first row; None if there is none."""
        return self._base.execute(query, values).fetchone()

    def _change(self, query: str, *values: object) -> None:
        with self._lock:
            self._base.execute(query, values)


def _name(uid: str) -> str:
    """Return a file name; a UID from the network may be anything."""
    return blake2b(uid.encode(), digest_size=16).hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
