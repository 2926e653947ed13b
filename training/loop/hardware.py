"""Device, precision and worker processes of a training run."""

from dataclasses import dataclass
from typing import Literal

import cv2
import torch

from model.threads import available_cpus

from ..errors import TrainingError
from .distributed import processes_here

MOST_WORKERS = 16
"""Limit of worker processes for each training process; more do not make a GPU faster."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a network is trained on.

    Attributes:
        device: ``"cuda"`` or ``"cpu"``.
        mixed_precision: Whether to use bf16 autocast.
        workers: Processes that read and augment images; 0 does it in the training process.
    """

    device: Literal["cuda", "cpu"]
    mixed_precision: bool = False
    workers: int = 0


CPU = Hardware("cpu")


def prepare_device(device: str, *, mixed_precision: bool | None, workers: int | None = None) -> Hardware:
    """Choose the device, and let torch use this process's share of the processors, OpenCV one thread.

    Args:
        device: ``"auto"``, ``"cuda"`` or ``"cpu"``.
        mixed_precision: None takes bf16 on CUDA and on a CPU with bf16 instructions; without them it is
            several times slower than fp32.
        workers: None takes, with CUDA, one for each processor but one, and on a CPU none, where workers
            would slow the network down.

    Raises:
        TrainingError: CUDA was asked for and is not available.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("No CUDA device is available: use --device cpu.")
    on_cuda = torch.cuda.is_available() and device != "cpu"
    cpus = max(1, available_cpus() // processes_here())
    torch.set_num_threads(cpus)
    cv2.setNumThreads(1)  # torch or several workers use the processors while images are read
    torch.backends.cudnn.benchmark = on_cuda
    faster = on_cuda or bool(torch.cpu._is_avx512_bf16_supported())
    return Hardware(
        "cuda" if on_cuda else "cpu",
        mixed_precision=faster if mixed_precision is None else mixed_precision,
        workers=(min(cpus - 1, MOST_WORKERS) if on_cuda else 0) if workers is None else workers,
    )
