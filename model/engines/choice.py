"""Which engine runs a checkpoint on this machine."""

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


def choose_engine(
    checkpoint: Checkpoint,
    *,
    device: Device = "auto",
    engine: EngineChoice = "auto",
    threads: int | None = None,
) -> Engine:
    """Load a checkpoint onto the engine that suits this machine.

    CUDA runs PyTorch. A CPU runs OpenVINO: int8 where the model of `pleura export` lies beside the
    checkpoint, else fp32, which is made when it is first asked for and kept in the user's cache; PyTorch
    where OpenVINO is not installed.

    Args:
        checkpoint: what is run. ``NAME.int8.xml`` is its exported model; a checkpoint that was renamed
            alone is told from others by the sha256 that an exported model keeps of its weights.
        device: ``"auto"`` takes CUDA where there is one.
        engine: ``"auto"`` takes the fastest that can run here.
        threads: for a CPU; None takes what the container's quota allows.

    Raises:
        CheckpointError: the weights are of another shape than the metadata say.
        EngineError: the device or engine asked for is not there, or the exported model is damaged or of
            another checkpoint.
    """
    threads = threads or available_cpus()
    if engine == "openvino" and device == "cuda":
        raise EngineError(
            "OpenVINO does not run on CUDA: set PLEURA_ENGINE to torch or PLEURA_DEVICE to cpu."
        )
    if device == "cuda" and not find_spec("torch"):
        raise EngineError(
            "CUDA runs PyTorch, which is not installed here: set PLEURA_DEVICE to cpu, or use the CUDA image."
        )
    if engine == "openvino" or (engine == "auto" and not _takes_cuda(device) and find_spec("openvino")):
        return _openvino_engine(checkpoint, threads=threads)
    return _torch_engine(checkpoint, cuda=_takes_cuda(device), threads=threads)


def _takes_cuda(device: Device) -> bool:
    if device == "cpu" or not (
        device == "cuda" or Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists()
    ):
        # Asking torch would take seconds; where there is no driver, there is nothing to ask for.
        return False
    if not find_spec("torch"):
        return False
    import torch

    if torch.cuda.is_available():
        return True
    if device == "cuda":
        raise EngineError("No CUDA device is available: set PLEURA_DEVICE to cpu or auto.")
    return False


def _torch_engine(checkpoint: Checkpoint, *, cuda: bool, threads: int) -> Engine:
    if not find_spec("torch"):
        raise EngineError(
            "PyTorch is not installed here: set PLEURA_ENGINE to auto, or install Pleura's extra torch."
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
        raise EngineError("OpenVINO is not installed: set PLEURA_ENGINE to torch.")
    from .openvino import OpenVINOEngine, read_model

    exported = _exported_model(checkpoint)
    if exported is not None:
        model = read_model(exported, sha256=checkpoint.metadata.sha256)
        return OpenVINOEngine(model, precision="int8", threads=threads)
    return OpenVINOEngine(_fp32_model(checkpoint), precision="fp32", threads=threads)


def _exported_model(checkpoint: Checkpoint) -> Path | None:
    """Return the int8 model beside a checkpoint: by its name, or by its weights where either was renamed."""
    from .openvino import is_made_from

    named = checkpoint.path.with_suffix(".int8.xml")
    for path in (named, *sorted(named.parent.glob("*.int8.xml"))):
        if is_made_from(path, checkpoint.metadata.sha256):
            return path
    return named if named.exists() else None


def _fp32_model(checkpoint: Checkpoint) -> "openvino.Model":
    """Converted once, then read from the user's cache; where that cannot be written, converted each time."""
    from .openvino import read_model

    sha256, name = checkpoint.metadata.sha256, checkpoint.path
    cached = cache_folder() / f"{sha256}.xml"
    if cached.exists():
        try:
            return read_model(cached, sha256=sha256)
        except EngineError:
            cached.unlink(missing_ok=True)
    if not find_spec("torch"):
        raise EngineError(
            f"{name.name} has no {name.stem}.int8.xml beside it, and PyTorch, which could make a model of "
            "it, is not installed here: run `pleura export` where it is, and put the files that it writes "
            "beside the checkpoint."
        )
    from .conversion import convert, save

    model = convert(checkpoint)
    with suppress(OSError):
        save(model, cached)
    return model
