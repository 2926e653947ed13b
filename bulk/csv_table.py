"""CSV tables (RFC 4180, UTF-8) whose first column is a file name."""

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
"""First characters of a cell that a spreadsheet takes for a formula."""


def table_path(out: Path, name: str, shard: Shard | None) -> Path:
    """Return the path of a table: ``NAME.csv``, or ``NAME-1-of-8.csv`` for a shard.

    Args:
        out: Folder of the results.
        name: The table's name.
        shard: The part of the files that this run processes; None: all.
    """
    part = "" if shard is None else f"-{shard.index}-of-{shard.count}"
    return out / f"{name}{part}.csv"


def cell(name: str) -> str:
    r"""Return a file name as written in a table.

    Bytes that are not UTF-8 are written as ``\xff``. A name that a spreadsheet would take for a formula
    is prefixed with ``./``, which still names the same file.
    """
    escaped = os.fsencode(name).decode("utf-8", "backslashreplace")
    return f"./{escaped}" if escaped.startswith(_FORMULA) else escaped


class CsvTable:
    """A table written row by row: every added row is in the file even if the process is killed.

    Args:
        path: The file; an existing file is replaced.
        columns: The header.
        before: The first rows. An existing file is replaced only after they are all written.

    Raises:
        ArchiveError: The file cannot be written.
    """

    def __init__(self, path: Path, columns: Sequence[str], before: Iterable[Sequence[str]] = ()) -> None:
        part = path.with_name(f".{path.name}.part")
        with _as_archive_error(), ExitStack() as undo:
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

        Args:
            name: The file's path relative to the base, with ``/``.
            *values: The other columns in order; None becomes an empty cell.

        Raises:
            ArchiveError: The file cannot be written.
        """
        with _as_archive_error():
            self._writer.writerow((cell(name), *map(_text, values)))
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of a table; an incomplete last row of a killed process is left out.

    Args:
        path: The table.
        columns: The names that its first row must have.

    Raises:
        ArchiveError: The file cannot be read, or has other columns.
    """
    with _as_archive_error(), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if not size:
            return
        file.seek(size - 1)
        whole = file.read(1) == b"\n"
    with _as_archive_error(), path.open(newline="", encoding="utf-8", errors="replace") as opened:
        rows = csv.reader(opened)
        if next(rows, None) != list(columns):
            raise ArchiveError(f"{path} is a table with other columns: move it to another folder.")
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
def _as_archive_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"A table of the results cannot be read or written ({error.strerror}): check the permissions and "
            "the free space in --out, then run the same command again."
        ) from error
