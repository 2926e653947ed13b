from pathlib import Path

import cv2
import pytest

from training.loop.run_log import Row, RunLog

from ..conftest import scalars_of


def row(epoch: int) -> Row:
    names = ("loss", "pixel_accuracy", "iou")
    figures = {f"{part}_{name}": epoch / 10 for part in ("train", "validation") for name in names}
    return {"epoch": epoch, "size": 32, **figures}


def test_row_of_an_unsaved_epoch_is_replaced_on_resume(tmp_path: Path) -> None:
    log = RunLog(tmp_path, rows=[])
    for epoch in (1, 2, 3):
        log.add(row(epoch))
    log.close()
    resumed = RunLog(tmp_path, rows=[row(1)])
    resumed.add({**row(2), "train_loss": 9.0})
    resumed.close()

    lines = (tmp_path / "epochs.csv").read_text().splitlines()
    assert lines[0].startswith("epoch,size,train_loss,")
    assert [line.split(",")[:3] for line in lines[1:]] == [["1", "32", "0.1"], ["2", "32", "9.0"]]
    assert scalars_of(tmp_path, "train/loss") == {1: pytest.approx(0.1), 2: 9.0}
    assert cv2.imread(str(tmp_path / "curves.png")) is not None


def test_log_leaves_no_other_files(tmp_path: Path) -> None:
    log = RunLog(tmp_path, rows=[])
    log.add(row(1))
    log.close()
    assert {path.name for path in tmp_path.iterdir()} == {"epochs.csv", "curves.png", "tensorboard"}
