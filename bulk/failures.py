"""The list of the files that could not be segmented."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from .csv_table import CsvTable, table_path
from .listing import Shard


class Failures:
    """``failures.csv`` in the folder of the results, or ``failures-1-of-8.csv`` for a shard: name and reason, one line each.

    It is of the last run alone, as every run tries again what has no result; a run without failures leaves none.

    Attributes:
        path: the file.
        count: lines in it.
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
        """Adds a line, and says it on standard error.

        Raises:
            ArchiveError: it cannot be written.
        """
        if self._table is None:
            self._table = CsvTable(self.path, ("file", "reason"))
        self._table.add(name, reason)
        self.count += 1
        # A name may hold what a terminal would obey.
        shown = name if name.isprintable() else repr(name)
        print(f"pleura: {shown}: {reason}", file=sys.stderr)  # noqa: T201 - it is for people
