"""Random numbers from torch's random state."""

import torch


def uniform(low: float, high: float) -> float:
    """Return a number uniform in ``low..high``."""
    return low + (high - low) * torch.rand(()).item()


def integer(below: int) -> int:
    """Return an integer uniform in ``0..below - 1``."""
    return int(torch.randint(below, ()).item())
