"""The table of files that could not be segmented."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from .csv_table import CsvTable, table_path
from .listing import Shard


class Failures:
    """``failures.csv`` in the results folder, or ``failures-1-of-8.csv`` for a shard: names and reasons.

    It covers the last run only, since every run retries files without a result; a run without failures
    leaves no file.

    Attributes:
        path: The file.
        count: Number of rows.
    """

    def __init__(self, out: Path, *, shard: Shard | None) -> None:
        self.path = table_path(out, "failures", shard)
        self.count = 0
        self._table: CsvTable | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._table is not None:
            self._table.close()

    def add(self, name: str, reason: str) -> None:
        """Add a row, and print it on standard error.

        Args:
            name: The file's path relative to the base, with ``/``.
            reason: A sentence.

        Raises:
            ArchiveError: The file cannot be written.
        """
        if self._table is None:
            self._table = CsvTable(self.path, ("file", "reason"))
        self._table.add(name, reason)
        self.count += 1
        # A name may contain terminal escape sequences.
        shown = name if name.isprintable() else repr(name)
        print(f"pleura: {shown}: {reason}", file=sys.stderr)  # noqa: T201 - output for the user
