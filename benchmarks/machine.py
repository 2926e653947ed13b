"""The machine that is measured: processor, instructions, load."""

import os
import platform
import time
from pathlib import Path
from typing import Any

from model.checkpoint import read_metadata
from model.threads import available_cpus


def has_cuda() -> bool:
    """Return whether there is a CUDA device."""
    import torch

    return torch.cuda.is_available()


def describe_machine(checkpoint: Path, device: str) -> dict[str, Any]:
    """Return the machine, and what runs on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    metadata = read_metadata(checkpoint)
    return {
        "processor": next(
            (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
            platform.processor(),
        ),
        "cpus": available_cpus(),
        "instructions": [
            flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if flag in flags
        ],
        "device": device,
        "python": platform.python_version(),
        "checkpoint": metadata.name,
        "input_size": metadata.preprocessing.input_size,
        "load_average_at_start": os.getloadavg()[0],
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
