"""Where a network is trained, and with how many bits."""

from dataclasses import dataclass
from typing import Literal

import torch

from model.threads import available_cpus

from ..errors import TrainingError
from .distributed import processes_here

MOST_WORKERS = 16
"""More of them fill no GPU that one process drives."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Attributes:
    device: ``"cuda"`` or ``"cpu"``.
    mixed_precision: whether bf16 autocast pays there, or was asked for.
    workers: processes that read and augment images.
    """

    device: Literal["cuda", "cpu"]
    mixed_precision: bool
    workers: int = 0


def prepare_device(device: str, *, mixed_precision: bool | None, workers: int | None = None) -> Hardware:
    """Chooses the device and lets torch use the processors that this process may, or its share of them beside others of its run.

    Args:
        device: ``"auto"``, ``"cuda"`` or ``"cpu"``.
        mixed_precision: None takes bf16 on CUDA and on a CPU that has instructions for it; without them it is several times
            slower than fp32.
        workers: None takes one for each processor beside CUDA, less the one that drives it, and none on a CPU, where they would
            take from the network.

    Raises:
        TrainingError: CUDA was asked for and is not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("No CUDA device is available: use --device cpu.")
    on_cuda = torch.cuda.is_available() and device != "cpu"
    cpus = max(1, available_cpus() // processes_here())
    torch.set_num_threads(cpus)
    torch.backends.cudnn.benchmark = on_cuda
    pays = on_cuda or bool(torch.cpu._is_avx512_bf16_supported())
    return Hardware(
        "cuda" if on_cuda else "cpu",
        mixed_precision=pays if mixed_precision is None else mixed_precision,
        workers=(min(cpus - 1, MOST_WORKERS) if on_cuda else 0) if workers is None else workers,
    )
