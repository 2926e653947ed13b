"""The results that are to be sent."""

from __future__ import annotations

import sqlite3
from io import BytesIO
from pathlib import Path
from time import time
from typing import NamedTuple

from pydicom import Dataset, dcmwrite

from ..errors import Unavailable
from .database import Database, file_name, sync

_AFTER_REFUSAL_S = 60.0
"""Seconds until a result is sent again that the destination did not commit itself to."""


class Outgoing(NamedTuple):
    """A result that is to be sent.

    Attributes:
        uid, sop_class: SOP Instance UID and SOP Class UID.
        path: The file.
        failures: Failed attempts so far.
    """

    uid: str
    sop_class: str
    path: Path
    failures: int


class Results:
    """Results: a file each, and a row in the database.

    A result is *waiting*, then *sent*, then *done*; *refused* if the destination rejected it, until the next
    start. The file is deleted when the result is done.

    Args:
        database: Holds the rows.
        folder: Holds the files.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder

    def has_series(self, uid: str) -> bool:
        """Whether the result with this series UID was made."""
        return self._database.one("SELECT 1 FROM results WHERE series = ?", uid) is not None

    def store(self, dataset: Dataset) -> None:
        """Keep a result until it is sent.

        Raises:
            Unavailable: The disk is full or fails.
        """
        written = BytesIO()
        dcmwrite(written, dataset)
        uid = str(dataset.SOPInstanceUID)
        path = self._folder / file_name(uid)
        part = path.with_suffix(".part")
        try:
            part.write_bytes(written.getvalue())
            sync(part)
            part.replace(path)
            sync(self._folder)
            self._database.change(
                "INSERT INTO results (uid, series, class, state, changed) VALUES (?, ?, ?, 'waiting', ?)",
                uid,
                str(dataset.SeriesInstanceUID),
                str(dataset.SOPClassUID),
                time(),
            )
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"the queue cannot be written ({type(error).__name__})") from None

    def due(self, most: int) -> list[Outgoing]:
        """Return results that are to be sent now, at most ``most``."""
        rows = self._database.all(
            "SELECT uid, class, failures FROM results WHERE state IN ('waiting', 'sent') AND due <= ? "
            "ORDER BY due, changed LIMIT ?",
            time(),
            most,
        )
        return [Outgoing(uid, kind, self._folder / file_name(uid), failures) for uid, kind, failures in rows]

    def finish(self, uid: str) -> None:
        """Record that the destination has a result, and delete its file."""
        self._database.change("UPDATE results SET state = 'done', changed = ? WHERE uid = ?", time(), uid)
        (self._folder / file_name(uid)).unlink(missing_ok=True)

    def requested(self, uid: str, transaction: str, *, within_s: float) -> None:
        """Record that the destination was asked to commit itself to a result that it has.

        Args:
            uid: SOP Instance UID of the result.
            transaction: Transaction UID of the request (PS3.4 J.3).
            within_s: Seconds to wait for the answer; after that the result is due again.
        """
        self._database.change(
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
            kept: Whether it keeps the result; if not, the result is sent again.

        Returns:
            Whether there was such a request.
        """
        row = self._database.one(
            "SELECT state FROM results WHERE uid = ? AND transaction_uid = ?", uid, transaction
        )
        if row is None or row[0] == "done":
            return row is not None
        if kept:
            self.finish(uid)
        else:
            self._database.change(
                "UPDATE results SET state = 'waiting', due = ? WHERE uid = ?", time() + _AFTER_REFUSAL_S, uid
            )
        return True

    def retry(self, uid: str, seconds: float) -> None:
        """Send a result again later.

        Args:
            uid: SOP Instance UID of the result.
            seconds: From now.
        """
        self._database.change(
            "UPDATE results SET state = 'waiting', failures = failures + 1, due = ? WHERE uid = ?",
            time() + seconds,
            uid,
        )

    def refuse(self, uid: str) -> None:
        """Keep a result that the destination rejected until the next start."""
        self._database.change("UPDATE results SET state = 'refused', changed = ? WHERE uid = ?", time(), uid)

    def pending(self) -> dict[str, int]:
        """Return how many results are in each state but *done*."""
        rows = self._database.all(
            "SELECT state, count(*) FROM results WHERE state != 'done' GROUP BY state ORDER BY state"
        )
        return dict(rows)

    def forget(self, *, before: float) -> None:
        """Delete the rows of results that were done before a time, in seconds since the epoch."""
        self._database.change("DELETE FROM results WHERE state = 'done' AND changed < ?", before)

    def tidy(self) -> None:
        """Try again what was rejected, and delete files without a row, which a crash left."""
        with self._database.lock:
            self._database.change(
                "UPDATE results SET state = 'waiting', failures = 0, due = 0 WHERE state = 'refused'"
            )
            rows = self._database.all("SELECT uid FROM results WHERE state != 'done'")
            known = {file_name(uid) for (uid,) in rows}
            for file in self._folder.iterdir():
                if file.name not in known:
                    file.unlink()
