import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pytest

from training.data.datasets import SegmentationDataset
from training.loop.provenance import describe_data, git_revision

from ..conftest import write_pair


def test_data_are_described_by_folder_number_and_hash_of_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stem in ("b", "a"):
        write_pair(
            tmp_path / "hospital" / "train", stem, np.zeros((20, 20), np.uint8), np.ones((20, 20), np.bool_)
        )
    described = describe_data(*[SegmentationDataset(tmp_path / "hospital" / "train")] * 2)
    digest = hashlib.sha256(b"a\nb").hexdigest()
    assert described["train"] == [
        {"root": "hospital/train", "images": 2, "stems_sha256": digest, "weight": 1.0}
    ]
    monkeypatch.chdir(tmp_path / "hospital")
    assert describe_data(*[SegmentationDataset(Path("train"))] * 2) == described


def test_revision_is_none_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object, **kwargs: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", missing)
    assert git_revision() is None
