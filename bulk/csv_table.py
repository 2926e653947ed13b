"""Tables as CSV (RFC 4180, UTF-8) whose first column names files."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from .listing import Shard
from .loop import ArchiveError

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that a spreadsheet would compute."""


def table_path(out: Path, name: str, shard: Shard | None) -> Path:
    """``NAME.csv``, or ``NAME-1-of-8.csv`` for a shard."""
    part = "" if shard is None else f"-{shard.index}-of-{shard.count}"
    return out / f"{name}{part}.csv"


def cell(name: str) -> str:
    """A file's name as it stands in a table.

    Bytes that are not UTF-8 are written as ``\\xff``. A name that a spreadsheet would take for a formula gets ``./`` in front, and so
    remains a name of the same file.
    """
    spelt = os.fsencode(name).decode("utf-8", "backslashreplace")
    return f"./{spelt}" if spelt.startswith(_FORMULA) else spelt


class CsvTable:
    """A table that is written row by row: what was added is in the file when a process is killed.

    Args:
        path: the file; one of that name is replaced.
        columns: its header.
        before: rows that it begins with. Until they are all written the file that was there remains.

    Raises:
        ArchiveError: it cannot be written.
    """

    def __init__(self, path: Path, columns: Sequence[str], before: Iterable[Sequence[str]] = ()) -> None:
        part = path.with_name(f".{path.name}.part")
        with _sentence(), ExitStack() as undo:
            path.parent.mkdir(parents=True, exist_ok=True)
            undo.callback(part.unlink, missing_ok=True)
            self._file: IO[str] = undo.enter_context(part.open("w", newline="", encoding="utf-8"))
            self._writer = csv.writer(self._file)
            self._writer.writerow(columns)
            self._writer.writerows(before)
            self._file.flush()
            os.fsync(self._file.fileno())
            part.replace(path)
            undo.pop_all()

    def add(self, name: str, *values: Any) -> None:
        """Add a row.

        Raises:
            ArchiveError: it cannot be written.
        """
        with _sentence():
            self._writer.writerow((cell(name), *map(_text, values)))
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    """The rows of a table, one at a time. A last one that a killed process did not finish is left out.

    Raises:
        ArchiveError: the file cannot be read, or has other columns.
    """
    with _sentence(), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if not size:
            return
        file.seek(size - 1)
        whole = file.read(1) == b"\n"
    with _sentence(), path.open(newline="", encoding="utf-8", errors="replace") as opened:
        rows = csv.reader(opened)
        if next(rows, None) != list(columns):
            raise ArchiveError(f"{path} is another table than is written here: move it away.")
        row: list[str] | None = None
        try:
            for following in rows:
                if row is not None:
                    yield row
                row = following if len(following) == len(columns) else None
        except csv.Error:
            return
        if row is not None and whole:
            yield row


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(round(value, 4)) if isinstance(value, float) else str(value)


@contextmanager
def _sentence() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"A table of the results cannot be read or written ({error.strerror}): check the rights and the room in --out, then run "
            "the same command again."
        ) from error
