"""Progress of a run on standard error: a bar for the current epoch and a line for each finished one."""

import sys
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from .run_log import Row


class Progress:
    """Reports the progress of a run on standard error.

    Args:
        total: Epochs of the run.
        done: Epochs before a resumption.
        introduction: The first line, if there are epochs left.
        time_left: Returns the line on the time left, from the number of epochs done and the seconds of
            one epoch.
        quiet: Write nothing, because another process does.
    """

    def __init__(
        self,
        *,
        total: int,
        done: int,
        introduction: str,
        time_left: Callable[[int, float], str],
        quiet: bool = False,
    ) -> None:
        console = Console(file=sys.stderr, quiet=quiet)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self._console = console
        self._total, self._done, self._first = total, done, done + 1
        self._introduction, self._time_left = introduction, time_left
        self._epochs = self._bars.add_task("epochs", total=total, completed=done, note="")
        self._steps = self._bars.add_task("steps", total=None, note="")

    def __enter__(self) -> Self:
        if self._done < self._total:
            self._say(self._introduction)
        self._bars.start()
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def step(self, done: int, total: int, loss: float) -> None:
        """Show where the epoch is.

        Args:
            done: Steps that are done.
            total: Steps of the epoch.
            loss: Of the last step.
        """
        self._bars.update(self._steps, completed=done, total=total, note=f"loss {loss:.4f}")

    def epoch(self, row: Row) -> None:
        """Report a finished epoch."""
        self._bars.advance(self._epochs)
        self._done += 1
        self._say(
            f"epoch {row['epoch']:>3.0f} at {row['size']:.0f} px"
            f"  train: loss {row['train_loss']:.4f}, pixel accuracy {row['train_pixel_accuracy']:.4f}, "
            f"IoU {row['train_iou']:.4f}"
            f"  validation: loss {row['validation_loss']:.4f}, "
            f"pixel accuracy {row['validation_pixel_accuracy']:.4f}, IoU {row['validation_iou']:.4f}"
        )

    def saved(self) -> None:
        """Report the time left, after the first epoch has been trained and saved."""
        if self._done == self._first and self._done < self._total:
            self._say(self._time_left(self._done, perf_counter() - self._began))

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
