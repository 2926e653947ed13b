"""A checkpoint that is replaced while it is read: all parts come from one of the two files."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import torch

from model.checkpoint import load_checkpoint
from model.errors import EngineError
from model.segmenter import Segmenter

pytestmark = pytest.mark.slow

ENDINGS = (".safetensors", ".int8.bin", ".int8.sha256", ".int8.xml")


class Replaced:
    """Files under one name that become others each time that one of them has been opened so often.

    Attributes:
        opened: how often each was opened, by its ending.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path, before: Path, after: Path, *, at: tuple[str, int]
    ) -> None:
        self.path = folder / "served.safetensors"
        self.opened = dict.fromkeys(ENDINGS, 0)
        self._put(before)
        original: Callable[..., IO[Any]] = Path.open

        def open_and_replace(path: Path, *args: Any, **kwargs: Any) -> IO[Any]:
            file = original(path, *args, **kwargs)
            ending = path.name.removeprefix("served")
            if path.parent == folder and ending in self.opened:
                self.opened[ending] += 1
                if (ending, self.opened[ending]) == at:
                    self._put(after)
            return file

        monkeypatch.setattr(Path, "open", open_and_replace)

    def _put(self, source: Path) -> None:
        for ending in ENDINGS:
            new = self.path.parent / f"new{ending}"
            shutil.copyfile(source.with_name(f"{source.stem}{ending}"), new)
            new.rename(self.path.with_name(f"served{ending}"))


def _probabilities(segmenter: Segmenter) -> np.ndarray[Any, np.dtype[np.float32]]:
    return segmenter.engine(np.random.default_rng(0).standard_normal((1, 1, 64, 64)).astype(np.float32))[0]


def test_weights_and_metadata_are_from_one_file(
    two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = Segmenter(two[0], device="cpu", engine="torch")
    replaced = Replaced(monkeypatch, tmp_path, *two, at=(".safetensors", 1))
    segmenter = Segmenter(replaced.path, device="cpu", engine="torch")
    assert segmenter.metadata == expected.metadata
    np.testing.assert_array_equal(_probabilities(segmenter), _probabilities(expected))
    assert replaced.opened[".safetensors"] == 1
    assert Segmenter(replaced.path, device="cpu", engine="torch").metadata.name == "two"


def test_network_and_metadata_are_from_one_file(
    two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced = Replaced(monkeypatch, tmp_path, *two, at=(".safetensors", 1))
    network, metadata = load_checkpoint(replaced.path)
    expected, _ = load_checkpoint(two[0])
    assert metadata.name == "one"
    for key, value in expected.state_dict().items():
        assert torch.equal(network.state_dict()[key], value)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("time", [1, 2])
def test_exported_model_belongs_to_the_checkpoint_or_is_rejected(
    two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, time: int
) -> None:
    expected = {
        segmenter.metadata.name: _probabilities(segmenter)
        for segmenter in (Segmenter(path, device="cpu", engine="openvino") for path in two)
    }
    replaced = Replaced(monkeypatch, tmp_path, *two, at=(ending, time))
    refusal = None
    try:
        segmenter = Segmenter(replaced.path, device="cpu", engine="openvino")
    except EngineError as error:
        refusal = str(error)
    if refusal is None:
        assert segmenter.engine.name == "openvino-int8"
        np.testing.assert_array_equal(_probabilities(segmenter), expected[segmenter.metadata.name])
    else:
        assert "was made from another checkpoint" in refusal or "sha256 differs" in refusal
    assert replaced.opened[".safetensors"] == 1
