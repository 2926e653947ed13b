"""The report of what became of each instance, as a CSV file."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import PacsError
from .worker import End

COLUMNS = ("time", "level", "uid", "outcome", "reason")


class Report:
    """One row for each instance, and for each series that was left out as a whole; rows are appended.

    Args:
        path: The file.

    Raises:
        PacsError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", newline="", encoding="utf-8")
        except OSError as error:
            raise PacsError(
                f"The report {path} cannot be written ({error.strerror}): give another."
            ) from None
        self._rows = csv.writer(self._file)
        if self._file.tell() == 0:
            self._rows.writerow(COLUMNS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def ended(self, level: str, uid: str, end: End) -> None:
        """Add a row; see `Ended`."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._rows.writerow((now, level, uid, end.outcome, end.reason))
        self._file.flush()
