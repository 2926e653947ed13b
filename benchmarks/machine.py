"""The machine that is measured: processor, instructions, load."""

import os
import platform
import subprocess
import time
from contextlib import suppress
from importlib import metadata as packages
from pathlib import Path
from typing import Any

from model.checkpoint import read_metadata
from model.threads import available_cpus


def has_cuda() -> bool:
    """Return whether there is a CUDA device."""
    import torch

    return torch.cuda.is_available()


_PACKAGES = ("openvino", "torch", "numpy", "opencv-python-headless", "fastapi", "uvicorn")
_INSTRUCTIONS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm")


def commit(tree: Path) -> str:
    """Return the commit of a work tree, with ``-dirty`` where files were changed; ``unknown`` without git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=tree,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def describe_machine(checkpoint: Path, device: str) -> dict[str, Any]:
    """Return the machine, on CUDA its card, the versions of what is measured, and the load before the run."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    flags = next((line.split() for line in lines if line.startswith(("flags", "Features"))), [])
    metadata = read_metadata(checkpoint)
    return {
        "processor": next(
            (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
            platform.processor(),
        ),
        "cpus": available_cpus(),
        "cores": _cores(lines),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "instructions": [flag for flag in _INSTRUCTIONS if flag in flags],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "device": device,
        **(_card() if device == "cuda" and has_cuda() else {}),
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := _version(name))},
        "commit": commit(Path(__file__).parents[1]),
        "checkpoint": metadata.name,
        "input_size": metadata.preprocessing.input_size,
        "load_average_at_start": os.getloadavg()[0],
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _card() -> dict[str, Any]:
    """Return the name of the card and the versions of what runs it; the driver's if nvidia-smi tells it."""
    import torch

    found: dict[str, Any] = {
        "card": torch.cuda.get_device_name(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }
    with suppress(OSError, subprocess.CalledProcessError):
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
        )
        # One line for each card of the machine; all have the same driver.
        found["driver"] = done.stdout.partition("\n")[0].strip()
    return found


def _cores(lines: list[str]) -> int | None:
    """Return the number of physical cores that the kernel tells; None if it does not."""
    found = {
        tuple(line for line in block.splitlines() if line.startswith(("physical id", "core id")))
        for block in "\n".join(lines).split("\n\n")
    } - {()}
    return len(found) or None


def _version(name: str) -> str | None:
    try:
        return packages.version(name)
    except packages.PackageNotFoundError:
        return None
