from pathlib import Path

import cv2
import pytest

from training.loop.run_log import Journal, Row

from ..conftest import scalars_of


def row(epoch: int) -> Row:
    names = ("loss", "pixel_accuracy", "iou")
    figures = {f"{part}_{name}": epoch / 10 for part in ("train", "validation") for name in names}
    return {"epoch": epoch, "size": 32, **figures}


def test_an_epoch_that_was_written_but_not_saved_is_written_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path, rows=[])
    for epoch in (1, 2, 3):
        journal.add(row(epoch))
    journal.close()
    resumed = Journal(tmp_path, rows=[row(1)])
    resumed.add({**row(2), "train_loss": 9.0})
    resumed.close()

    lines = (tmp_path / "epochs.csv").read_text().splitlines()
    assert lines[0].startswith("epoch,size,train_loss,")
    assert [line.split(",")[:3] for line in lines[1:]] == [["1", "32", "0.1"], ["2", "32", "9.0"]]
    assert scalars_of(tmp_path, "train/loss") == {1: pytest.approx(0.1), 2: 9.0}
    assert cv2.imread(str(tmp_path / "curves.png")) is not None


def test_nothing_else_is_left(tmp_path: Path) -> None:
    journal = Journal(tmp_path, rows=[])
    journal.add(row(1))
    journal.close()
    assert {path.name for path in tmp_path.iterdir()} == {"epochs.csv", "curves.png", "tensorboard"}
