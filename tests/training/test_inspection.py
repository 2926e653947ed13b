from pathlib import Path

import numpy as np
import pytest

from training.datasets import SegmentationDataset
from training.errors import DataError
from training.inspection import inspect

from .conftest import write_pair

GREY = np.full((20, 30), 90, np.uint8)
LUNG = np.ones((20, 30), np.bool_)


def test_good_data_needs_no_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pair(tmp_path, "a", GREY, LUNG)
    inspect(SegmentationDataset(tmp_path), description="reading")
    assert capsys.readouterr() == ("", "")


def test_empty_masks_are_counted_and_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stem, mask in (("a", LUNG), ("b [1]", ~LUNG), ("c", ~LUNG)):
        write_pair(tmp_path, stem, GREY, mask)
    inspect(SegmentationDataset(tmp_path), description="reading")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"2 of 3 masks are empty, {tmp_path / 'masks' / 'b [1].png'} first: they teach that these images show nothing; "
        "remove image and mask where that is not so.\n"
    )


def test_the_last_file_is_read_too(tmp_path: Path) -> None:
    for stem in ("a", "b"):
        write_pair(tmp_path, stem, GREY, LUNG)
    (tmp_path / "masks" / "b.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"b\.png cannot be read"):
        inspect(SegmentationDataset(tmp_path), description="reading")
