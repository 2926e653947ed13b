import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.checkpoint import (
    CheckpointMetadata,
    load_checkpoint,
    read_metadata,
    save_checkpoint,
)
from model.errors import CheckpointError


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "small.safetensors"
    metadata = CheckpointMetadata(
        name="small", bridge_channels=8, decoder_channels=(8, 8, 8, 8), head_channels=8
    )
    torch.manual_seed(0)
    weights = {
        key: value.half() if value.is_floating_point() else value
        for key, value in metadata.network().state_dict().items()
    }
    save_checkpoint(path, weights, metadata)
    return path


def test_saved_checkpoint_is_loaded_unchanged(saved: Path) -> None:
    network, metadata = load_checkpoint(saved)
    assert metadata == read_metadata(saved)
    assert metadata.name == "small"
    assert len(metadata.sha256) == 64
    torch.manual_seed(0)
    for key, value in metadata.network().state_dict().items():
        torch.testing.assert_close(network.state_dict()[key], value, rtol=1e-3, atol=1e-3)
    assert not network.training
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_metadata_needs_no_torch(saved: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from model.checkpoint import read_metadata; "
        f"print(read_metadata(Path({str(saved)!r})).name, 'torch' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["small", "False"]


def test_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint nowhere\.safetensors.*PLEURA_CHECKPOINT"):
        read_metadata(tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize("length", [0, 7, 100, 20_000, -1])
def test_truncated_file_is_rejected(saved: Path, tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(saved.read_bytes()[:length])
    with pytest.raises(CheckpointError, match=r"Copy (it|the file)"):
        load_checkpoint(path)


def test_altered_file_is_rejected(saved: Path, tmp_path: Path) -> None:
    data = bytearray(saved.read_bytes())
    data[-1000] ^= 1
    path = tmp_path / "altered.safetensors"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="sha256 differs"):
        load_checkpoint(path)


def test_file_of_another_program_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="not written by Pleura"):
        load_checkpoint(path)


def test_pickle_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "evil.safetensors"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CheckpointError, match="not a complete safetensors file"):
        load_checkpoint(path)


def test_weights_that_do_not_fit_the_metadata_are_rejected(saved: Path, tmp_path: Path) -> None:
    network, metadata = load_checkpoint(saved)
    path = tmp_path / "wide.safetensors"
    save_checkpoint(path, network.state_dict(), metadata.model_copy(update={"head_channels": 16}))
    with pytest.raises(CheckpointError, match="do not fit the network"):
        load_checkpoint(path)


def test_unknown_architecture_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_checkpoint(path, {"a": torch.zeros(1)}, CheckpointMetadata(name="x", architecture="vit"))
    with pytest.raises(CheckpointError, match="holds a vit"):
        read_metadata(path)


def test_invalid_metadata_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "new.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"pleura": json.dumps({"name": "x", "threshold": 7})})
    with pytest.raises(CheckpointError, match="field threshold"):
        read_metadata(path)
