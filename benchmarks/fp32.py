"""True fp32 on CUDA: by PyTorch's default, convolutions of fp32 tensors are computed in TF32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def true_fp32() -> Iterator[None]:
    """Let cuDNN compute in fp32 meanwhile."""
    import torch

    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
