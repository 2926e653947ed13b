"""Behaviour without PyTorch, as in the CPU image: only the features that need it fail, with a message."""

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
import torch

from model import weights
from model.checkpoint import CheckpointMetadata, read_checkpoint, save_checkpoint
from model.engines import choice, choose_engine
from model.errors import EngineError

BUNDLED = Path(weights.__file__).with_name("pleura-r50-256.safetensors")


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name == "torch" else importlib.util.find_spec(name)

    monkeypatch.setattr(choice, "find_spec", find)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_exported_model_runs() -> None:
    assert choose_engine(read_checkpoint(BUNDLED), device="cpu").name == "openvino-int8"


def test_driver_alone_does_not_select_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: True)
    assert choose_engine(read_checkpoint(BUNDLED)).device == "cpu"


def test_checkpoint_without_export_is_rejected_with_instructions(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    save_checkpoint(path, {"weight": torch.zeros(1)}, CheckpointMetadata(name="own"))
    with pytest.raises(
        EngineError, match=r"own\.safetensors has no own\.int8\.xml beside it.*Run `pleura export`"
    ):
        choose_engine(read_checkpoint(path), device="cpu")


def test_torch_engine_is_rejected() -> None:
    with pytest.raises(EngineError, match=r"PyTorch is not installed\. Set PLEURA_ENGINE to auto"):
        choose_engine(read_checkpoint(BUNDLED), device="cpu", engine="torch")


def test_cuda_is_rejected() -> None:
    with pytest.raises(EngineError, match="Set PLEURA_DEVICE to cpu, or use the CUDA image"):
        choose_engine(read_checkpoint(BUNDLED), device="cuda")
