"""The progress of a run, on standard error."""

import sys
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .loop import Outcome


def ignored_sentence(count: int) -> str:
    """Return a sentence with the number of files that are not images."""
    files = "1 file was" if count == 1 else f"{count} files were"
    return f"{files} ignored: not a supported image type"


class RunProgress:
    """A progress bar on a terminal, and a summary line at the end.

    Args:
        total: Images to process.
        done_before: Images that a previous run finished.
        ignored: Files that are not images.
        failures: Path of the table of failures.
        results: Path of the table of results, with the warnings about masks.
    """

    def __init__(
        self, total: int, *, done_before: int, ignored: int = 0, failures: Path | str, results: Path | str
    ) -> None:
        self._failures = failures
        self._results = results
        self._ignored = ignored
        self._done_before = done_before
        self._start = perf_counter()
        self._done = self._failed = self._untrusted = 0
        self._bar = Progress(
            TextColumn("segmenting"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.1f} images/s"),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            disable=not sys.stderr.isatty(),
            # Lines about failures are printed to standard error directly.
            redirect_stdout=False,
        )
        self._task = self._bar.add_task("", total=total, rate=0.0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        parts = [f"{self._done} segmented ({self._rate():.1f} images/s)"]
        if self._done_before:
            parts.append(f"{self._done_before} done before")
        if self._untrusted:
            parts.append(f"{self._untrusted} of the masks should be reviewed: see {self._results}")
        if self._failed:
            parts.append(f"{self._failed} failed: see {self._failures}")
        if self._ignored:
            parts.append(ignored_sentence(self._ignored))
        if kind is not None:
            parts.append("stopped: run the same command again to resume")
        print(f"pleura: {', '.join(parts)}", file=sys.stderr)  # noqa: T201 - output for the user

    def add(self, outcome: Outcome) -> None:
        """Count one image."""
        if outcome.error is None:
            self._done += 1
            self._untrusted += not outcome.trusted
        else:
            self._failed += 1
        self._bar.update(self._task, advance=1, rate=self._rate())

    def _rate(self) -> float:
        return self._done / max(perf_counter() - self._start, 1e-9)
