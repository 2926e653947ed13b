"""Where a network is trained, and with how many bits."""

from dataclasses import dataclass
from typing import Literal

import torch

from model.threads import available_cpus

from .errors import TrainingError


@dataclass(frozen=True, slots=True)
class Hardware:
    """Attributes:
    device: ``"cuda"`` or ``"cpu"``.
    mixed_precision: whether bf16 autocast pays there, or was asked for.
    """

    device: Literal["cuda", "cpu"]
    mixed_precision: bool


def prepare_device(device: str, *, mixed_precision: bool | None) -> Hardware:
    """Chooses the device and lets torch use the processors that this process may.

    Args:
        device: ``"auto"``, ``"cuda"`` or ``"cpu"``.
        mixed_precision: None takes bf16 on CUDA and on a CPU that has instructions for it; without them it is several times
            slower than fp32.

    Raises:
        TrainingError: CUDA was asked for and is not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("No CUDA device is available: use --device cpu.")
    on_cuda = torch.cuda.is_available() and device != "cpu"
    torch.set_num_threads(available_cpus())
    pays = on_cuda or bool(torch.cpu._is_avx512_bf16_supported())
    return Hardware("cuda" if on_cuda else "cpu", pays if mixed_precision is None else mixed_precision)
