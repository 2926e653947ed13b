"""How far a run is, on standard error."""

import sys
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .loop import Outcome


def passed_over(count: int) -> str:
    """A sentence on how many files are no images."""
    files = "1 file was" if count == 1 else f"{count} files were"
    return f"{files} passed over: no image type that is read"


class RunProgress:
    """A bar where a person looks on, and a line at the end.

    Args:
        total: images to be done.
        done_before: images that were done already.
        passed_over: files that are no images.
        failures: where failures are listed.
        results: where it is said why a mask should be looked at.
    """

    def __init__(
        self, total: int, *, done_before: int, passed_over: int = 0, failures: Path | str, results: Path | str
    ) -> None:
        self._failures = failures
        self._results = results
        self._passed_over = passed_over
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
            # The lines about failures go to standard error as they are.
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
        told = [f"{self._done} segmented ({self._rate():.1f} images/s)"]
        if self._done_before:
            told.append(f"{self._done_before} done before")
        if self._untrusted:
            told.append(f"{self._untrusted} of the masks should be looked at: see {self._results}")
        if self._failed:
            told.append(f"{self._failed} failed: see {self._failures}")
        if self._passed_over:
            told.append(passed_over(self._passed_over))
        if kind is not None:
            told.append("stopped: the same command goes on")
        print(f"pleura: {', '.join(told)}", file=sys.stderr)  # noqa: T201 - it is for people

    def add(self, outcome: Outcome) -> None:
        """Counts one image."""
        if outcome.error is None:
            self._done += 1
            self._untrusted += not outcome.trusted
        else:
            self._failed += 1
        self._bar.update(self._task, advance=1, rate=self._rate())

    def _rate(self) -> float:
        return self._done / max(perf_counter() - self._start, 1e-9)
