"""The log of a run: a row of metrics for each epoch as CSV, in TensorBoard and as a plot."""

import csv
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from model.atomic import write_atomically

Row = dict[str, float]

_CURVES = (
    ("loss", ("train_loss", "validation_loss")),
    ("pixel accuracy", ("train_pixel_accuracy", "validation_pixel_accuracy")),
    ("IoU", ("train_iou", "validation_iou")),
)


class RunLog:
    """Writes ``epochs.csv``, ``curves.png`` and ``tensorboard/`` into the run's folder.

    Args:
        folder: The run's.
        rows: Of the epochs before a resumption; later rows in the files are dropped.
    """

    def __init__(self, folder: Path, *, rows: list[Row]) -> None:
        self.rows = list(rows)
        self._folder = folder
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=len(rows) + 1)

    def add(self, row: Row) -> None:
        """Add an epoch's row; the same columns each time, ``epoch`` first."""
        self.rows.append(row)
        self._write_csv()
        self._draw()
        for name, value in row.items():
            if name != "epoch":
                self._board.add_scalar(name.replace("_", "/", 1), value, int(row["epoch"]))
        self._board.flush()

    def close(self) -> None:
        """Close the TensorBoard file. A full disk is no error here: each epoch was flushed when it ended."""
        with suppress(OSError):
            self._board.close()

    def _write_csv(self) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(self.rows[0]))
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self._folder / "epochs.csv", text.getvalue().encode())

    def _draw(self) -> None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(12, 3.6), layout="constrained")
        axes: Any = figure.subplots(1, len(_CURVES))
        epochs = [row["epoch"] for row in self.rows]
        for axis, (title, names) in zip(axes, _CURVES, strict=True):
            for name in names:
                axis.plot(epochs, [row[name] for row in self.rows], label=name.split("_")[0], marker=".")
            axis.set(title=title, xlabel="epoch")
            axis.grid(alpha=0.3)
            axis.legend()
        picture = io.BytesIO()
        figure.savefig(picture, dpi=110, format="png")
        write_atomically(self._folder / "curves.png", picture.getvalue())
