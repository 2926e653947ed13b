"""The choice of the engine for a checkpoint on this machine."""

import logging
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..checkpoint import Checkpoint
from ..devices import Device, EngineChoice
from ..errors import EngineError
from ..isolation import cache_folder
from ..threads import available_cpus
from .engine import Engine

if TYPE_CHECKING:
    import openvino


_log = logging.getLogger("pleura")
"""The logger that `logs` configures; this package does not import `logs`."""


def choose_engine(
    checkpoint: Checkpoint,
    *,
    device: Device = "auto",
    engine: EngineChoice = "auto",
    threads: int | None = None,
) -> Engine:
    """Load a checkpoint onto the engine that suits this machine.

    CUDA uses PyTorch. A CPU uses OpenVINO: int8 if the model of `pleura export` is beside the checkpoint,
    else fp32, which is converted on first use and stored in the user's cache. Without OpenVINO a CPU uses
    PyTorch. If ``"auto"`` takes a CPU because PyTorch cannot use the NVIDIA device, a warning is logged.

    Args:
        checkpoint: The checkpoint. ``NAME.int8.xml`` is its exported model; if only one of the two was
            renamed, the model is found by the sha256 of the weights that it stores.
        device: ``"auto"`` selects CUDA if available.
        engine: ``"auto"`` selects the fastest that is available.
        threads: CPU threads; None takes what the container's quota allows.

    Raises:
        CheckpointError: The weights do not fit the network that the metadata describe.
        EngineError: The requested device or engine is not available, or the exported model is damaged or of
            another checkpoint.
    """
    threads = threads or available_cpus()
    if engine == "openvino" and device == "cuda":
        raise EngineError(
            "OpenVINO does not run on CUDA. Set PLEURA_ENGINE to torch or PLEURA_DEVICE to cpu."
        )
    if device == "cuda" and not find_spec("torch"):
        raise EngineError(
            "CUDA needs PyTorch, which is not installed. Set PLEURA_DEVICE to cpu, or use the CUDA image."
        )
    cuda = engine != "openvino" and _takes_cuda(device)
    if engine == "openvino" or (engine == "auto" and not cuda and find_spec("openvino")):
        return _openvino_engine(checkpoint, threads=threads)
    return _torch_engine(checkpoint, cuda=cuda, threads=threads)


def _takes_cuda(device: Device) -> bool:
    nvidia = Path("/dev/nvidiactl").exists()
    if device == "cpu" or not (device == "cuda" or nvidia or Path("/dev/dxg").exists()):
        # Importing torch takes seconds, which is of no use without a driver.
        return False
    if not find_spec("torch"):
        return False
    import torch

    if torch.cuda.is_available():
        return True
    if device == "cuda":
        raise EngineError("No CUDA device is available. Set PLEURA_DEVICE to cpu or auto.")
    if nvidia:
        version = torch.version.cuda
        remedy = (
            f"Update its driver, which may be too old for CUDA {version} of this PyTorch"
            if version
            else "Install a PyTorch with CUDA"
        )
        _log.warning(
            "PyTorch cannot use the NVIDIA device: the CPU is used. %s, or set PLEURA_DEVICE to cpu.", remedy
        )
    return False


def _torch_engine(checkpoint: Checkpoint, *, cuda: bool, threads: int) -> Engine:
    if not find_spec("torch"):
        raise EngineError(
            "PyTorch is not installed. Set PLEURA_ENGINE to auto, or install Pleura's extra torch."
        )
    import torch

    from .pytorch import TorchEngine

    torch.set_num_threads(threads)
    return TorchEngine(
        checkpoint.network(),
        device="cuda" if cuda else "cpu",
        in_channels=checkpoint.metadata.in_channels,
        side=checkpoint.metadata.preprocessing.input_size,
    )


def _openvino_engine(checkpoint: Checkpoint, *, threads: int) -> Engine:
    if not find_spec("openvino"):
        raise EngineError("OpenVINO is not installed. Set PLEURA_ENGINE to torch.")
    from .openvino import OpenVINOEngine, read_model

    exported = _exported_model(checkpoint)
    if exported is not None:
        model = read_model(exported, checkpoint.metadata)
        return OpenVINOEngine(model, precision="int8", threads=threads)
    return OpenVINOEngine(_fp32_model(checkpoint), precision="fp32", threads=threads)


def _exported_model(checkpoint: Checkpoint) -> Path | None:
    """Return the int8 model beside a checkpoint, by name or, if one was renamed, by the weights' hash."""
    from .openvino import is_made_from

    named = checkpoint.path.with_suffix(".int8.xml")
    for path in (named, *sorted(named.parent.glob("*.int8.xml"))):
        if is_made_from(path, checkpoint.metadata.sha256):
            return path
    return named if named.exists() else None


def _fp32_model(checkpoint: Checkpoint) -> "openvino.Model":
    """Return the fp32 model from the user's cache, after a conversion if it is missing there."""
    from .openvino import read_model

    sha256, name = checkpoint.metadata.sha256, checkpoint.path
    cached = cache_folder() / f"{sha256}-{checkpoint.metadata.preprocessing.input_size}.xml"
    if cached.exists():
        try:
            return read_model(cached, checkpoint.metadata)
        except EngineError:
            cached.unlink(missing_ok=True)
    if not find_spec("torch"):
        raise EngineError(
            f"{name.name} has no {name.stem}.int8.xml beside it, and PyTorch, which is needed to convert it, "
            "is not installed. Run `pleura export` where PyTorch is installed, and copy its files beside the "
            "checkpoint."
        )
    from .conversion import convert, save

    model = convert(checkpoint)
    with suppress(OSError):
        save(model, cached)
    return model
