"""Engines run the network: one small interface, a module for each, and the choice between them."""

from pathlib import Path
from typing import Literal

from ..errors import EngineError
from .engine import Engine, EngineOutput

__all__ = ["Device", "Engine", "EngineChoice", "EngineOutput", "choose_engine"]

Device = Literal["auto", "cuda", "cpu"]
EngineChoice = Literal["auto", "torch"]


def choose_engine(
    checkpoint: Path, *, device: Device = "auto", engine: EngineChoice = "auto", threads: int | None = None
) -> Engine:
    """Loads a checkpoint onto the engine that suits this machine.

    Args:
        checkpoint: a safetensors file.
        device: ``"auto"`` takes CUDA where there is one.
        engine: ``"auto"`` takes the fastest that can run here.
        threads: for a CPU; None takes what the container's quota allows.

    Raises:
        CheckpointError: the file is missing, damaged or of another make.
        EngineError: the device asked for is not there.
    """
    import torch

    from ..checkpoint import load_checkpoint
    from ..threads import available_cpus
    from .pytorch import TorchEngine

    if device == "cuda" and not torch.cuda.is_available():
        raise EngineError("No CUDA device is available: set PLEURA_DEVICE to cpu or auto.")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(threads or available_cpus())
    network, _ = load_checkpoint(checkpoint)
    return TorchEngine(network, device=device)
