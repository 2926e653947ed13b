"""The table of all results, which a resumed run continues."""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from model.writing.formats import Format

from .csv_table import CsvTable, cell, read_rows, table_path
from .findings import Findings
from .listing import Shard
from .loop import Outcome

COLUMNS = ("file", *(field.name for field in fields(Findings)), "error")

_TABLE = re.compile(r"results(-\d+-of-\d+)?\.csv")


class Results:
    """``results.csv`` in the results folder, or ``results-1-of-8.csv`` for a shard: one row per file.

    A file is done when it has both a result and a row. After a killed run, or a run in shards, the
    table begins with the rows of all tables in the folder whose results exist. Rows of failures come
    from the last run only.

    Memory use is 9 bytes per file.

    Args:
        out: Folder of the results.
        format_: Format of this run.
        shard: The part of the files that this run processes.
    """

    def __init__(self, out: Path, *, format_: Format, shard: Shard | None) -> None:
        self._out = out
        self._format = format_
        self._shard = shard
        self.path = table_path(out, "results", shard)
        self._table: CsvTable | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._table is not None:
            self._table.close()

    def resume(self, names: Sequence[str]) -> list[str]:
        """Start the table with the rows that are still valid.

        Args:
            names: The files of this run.

        Returns:
            The files that remain to be done.

        Raises:
            ArchiveError: The table cannot be written, or another file has its name.
        """
        known = _Names(names)
        for name in names:
            if self._has_result(name, self._format):
                known.set(name, _RESULT)
        self._table = CsvTable(self.path, COLUMNS, self._rows(known))
        return [name for name in names if known.get(name) != _ROW]

    def add(self, outcome: Outcome) -> None:
        """Add the row of one file.

        Raises:
            ArchiveError: The file cannot be written.
        """
        assert self._table is not None, "call resume first"
        found: Sequence[object] = [None] * (len(COLUMNS) - 2)
        if outcome.findings is not None:
            found = astuple(outcome.findings)
        self._table.add(outcome.name, *found, outcome.error)

    def _rows(self, known: _Names) -> Iterator[list[str]]:
        others: set[int] = set()
        for path in self._tables():
            for row in read_rows(path, COLUMNS):
                name = row[0].removeprefix("./")
                state = known.get(name)
                if row[-1]:
                    continue
                if state == _RESULT:
                    known.set(name, _ROW)
                    yield row
                elif state is None and _short(name) not in others and self._keeps(name):
                    others.add(_short(name))
                    yield row

    def _keeps(self, name: str) -> bool:
        """Whether a file outside this run has a result and belongs in this table."""
        if self._shard is not None and name not in self._shard:
            return False
        return any(self._has_result(name, format_) for format_ in Format)

    def _tables(self) -> list[Path]:
        """All tables of results in the folder, the one of this run first."""
        found = [path for path in self._out.glob("results*.csv") if _TABLE.fullmatch(path.name)]
        return sorted(found, key=lambda path: (path != self.path, path))

    def _has_result(self, name: str, format_: Format) -> bool:
        # Not pathlib, which interns every path component; a name that is too long has no result.
        return os.path.lexists(f"{self._out}{os.sep}{name}{format_.suffix}")


_NOTHING, _RESULT, _ROW = range(3)


class _Names:
    """A state for each name; names are stored as 8 bytes of their BLAKE2b hash."""

    def __init__(self, names: Sequence[str]) -> None:
        self._keys = array("Q", map(_short, names))
        if names:
            np.frombuffer(self._keys, np.uint64).sort()
        self._states = bytearray(len(self._keys))

    def get(self, name: str) -> int | None:
        at = self._index(name)
        return None if at is None else self._states[at]

    def set(self, name: str, state: int) -> None:
        at = self._index(name)
        assert at is not None
        self._states[at] = state

    def _index(self, name: str) -> int | None:
        key = _short(name)
        at = bisect_left(self._keys, key)
        return at if at < len(self._keys) and self._keys[at] == key else None


def _short(name: str) -> int:
    escaped = cell(name).removeprefix("./")
    return int.from_bytes(blake2b(escaped.encode(), digest_size=8).digest(), "little")
