"""One checkpoint from several that began alike."""

from pathlib import Path

import pytest
import torch

from model.checkpoint import CheckpointMetadata, load_checkpoint, read_metadata, save_checkpoint
from model.preprocessing import Preprocessing
from training.errors import TrainingError
from training.export.averaging import average

from ..conftest import Pleura

pytestmark = pytest.mark.slow


def written(path: Path, *, seed: int, size: int = 64, channels: int = 1) -> CheckpointMetadata:
    torch.manual_seed(seed)
    metadata = CheckpointMetadata(
        name="one",
        in_channels=channels,
        preprocessing=Preprocessing(input_size=size),
        calibration={"fitted": 1},
        figures={"iou": 0.9},
    )
    return save_checkpoint(path, metadata.network().state_dict(), metadata)


def test_every_weight_is_the_mean_of_both(tmp_path: Path, pleura: Pleura) -> None:
    first, second, out = (tmp_path / f"{name}.safetensors" for name in ("first", "second", "out"))
    parts = [written(first, seed=1, size=32), written(second, seed=2)]

    ended = pleura("average", "--checkpoint", first, "--checkpoint", second, "--out", out)

    assert ended.code == 0, ended.err
    mean, metadata = load_checkpoint(out)
    assert ended.out == f"{out}: {metadata.sha256}\n"
    states = [load_checkpoint(path)[0].state_dict() for path in (first, second)]
    for key, value in mean.state_dict().items():
        expected = (states[0][key].double() + states[1][key].double()) / 2
        assert torch.allclose(value.double(), expected, rtol=1e-3, atol=1e-6), key
    assert metadata.preprocessing.input_size == 64
    assert metadata.recipe["averaged"] == [part.sha256 for part in parts]


def test_average_has_no_calibration_and_figures(tmp_path: Path) -> None:
    paths = [tmp_path / "first.safetensors", tmp_path / "second.safetensors"]
    for seed, path in enumerate(paths):
        written(path, seed=seed)
    _, metadata = average(paths)
    assert metadata.calibration is None
    assert metadata.figures == {}


def test_average_of_one_checkpoint_is_rejected(tmp_path: Path, pleura: Pleura) -> None:
    only = tmp_path / "only.safetensors"
    written(only, seed=1)
    ended = pleura("average", "--checkpoint", only, "--out", tmp_path / "out.safetensors")
    assert ended.code == 1
    assert "give --checkpoint more than once" in ended.err
    assert not (tmp_path / "out.safetensors").exists()


def test_average_of_different_networks_is_rejected(tmp_path: Path) -> None:
    grey, colour = tmp_path / "grey.safetensors", tmp_path / "colour.safetensors"
    written(grey, seed=1)
    written(colour, seed=1, channels=3)
    with pytest.raises(
        TrainingError, match=r"grey\.safetensors has another network or preprocessing than colour"
    ):
        average([grey, colour])
    assert read_metadata(grey).in_channels == 1
