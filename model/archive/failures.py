"""The list of the files that could not be segmented."""

import csv
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from .listing import Shard


class Failures:
    """``failures.csv`` in the folder of the results, or ``failures-1-of-8.csv`` for a shard: name and reason, one line each.

    It is of the last run alone, as every run tries again what has no result; a run without failures leaves none.

    Attributes:
        path: the file.
        count: lines in it.
    """

    def __init__(self, out: Path, *, shard: Shard | None) -> None:
        part = "" if shard is None else f"-{shard.index}-of-{shard.count}"
        self.path = out / f"failures{part}.csv"
        self.count = 0
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, name: str, reason: str) -> None:
        """Adds a line, and says it on standard error."""
        if self._file is None:
            self._file = self.path.open("w", newline="", encoding="utf-8", errors="surrogateescape")
            self._writer = csv.writer(self._file)
            self._writer.writerow(("file", "reason"))
        self._writer.writerow((name, reason))
        self._file.flush()
        self.count += 1
        # A name may hold what a terminal would obey.
        shown = name if name.isprintable() else repr(name)
        print(f"pleura: {shown}: {reason}", file=sys.stderr)  # noqa: T201 - it is for people
