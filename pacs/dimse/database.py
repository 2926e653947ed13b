"""The database of the queue, and what its tables share: file names and flushing to the disk."""

from __future__ import annotations

import os
import sqlite3
from hashlib import blake2b
from pathlib import Path
from threading import RLock
from typing import Any

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


class Database:
    """An SQLite database that survives SIGKILL: each change is on the disk when the call returns.

    Attributes:
        lock: For several calls between which no other thread may change anything; reentrant.

    Args:
        path: The file, made if it is missing.

    Raises:
        sqlite3.Error: The file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.lock = RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLES}")

    def one(self, query: str, *values: object) -> Any:
        """Return the first row; None if there is none."""
        with self.lock:
            return self._connection.execute(query, values).fetchone()

    def all(self, query: str, *values: object) -> list[Any]:
        """Return all rows."""
        with self.lock:
            return self._connection.execute(query, values).fetchall()

    def change(self, query: str, *values: object) -> None:
        """Run a statement that changes rows."""
        with self.lock:
            self._connection.execute(query, values)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._connection.close()


def file_name(uid: str) -> str:
    """Return a file name; a UID from the network may be anything."""
    return blake2b(uid.encode(), digest_size=16).hexdigest()


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
