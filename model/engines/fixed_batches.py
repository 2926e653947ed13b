"""A network at a few fixed batch sizes, each recorded as a CUDA graph, which launches all kernels at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from ..networks.unet import SegmentationNetwork
from .conversion import InferenceNetwork

Outputs = tuple[Tensor, ...]
Record = Callable[[Callable[[], Outputs]], tuple[Callable[[], None], Outputs]]
"""Records work; returns a function that repeats it, and the tensors that receive the outputs."""


def batch_sizes(most: int) -> tuple[int, ...]:
    """Return 1, 2, 4 and so on, and ``most`` itself."""
    return (*(2**power for power in range(most.bit_length()) if 2**power < most), most)


class FoldedNetwork(nn.Module):
    """A network for inference: batch normalisation folded, channels last, ``dtype`` inside.

    It maps ``(B, C, S, S)`` float32 to probabilities and embedding, both float32.
    """

    def __init__(self, network: SegmentationNetwork, *, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype
        folded: nn.Module = fuse(InferenceNetwork(network).eval())
        self._folded = folded.to(dtype=dtype).to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Outputs:
        """Map ``(B, C, S, S)`` float32 to probabilities ``(B, num_classes, S, S)`` and embeddings."""
        outputs = self._folded(x.to(dtype=self._dtype, memory_format=torch.channels_last))
        return tuple(part.float() for part in outputs)


class FixedBatches:
    """Runs batches of any size up to the largest, padded to the next fixed size.

    Args:
        network: The network, on its device.
        shape: ``(C, S, S)`` of one input.
        sizes: The fixed batch sizes.
        device: The network's device.
        record: Records the work for one size.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        shape: tuple[int, int, int],
        sizes: tuple[int, ...],
        device: torch.device,
        record: Record,
    ) -> None:
        # The largest first, so that the others reuse its memory.
        self._batches = {
            size: _FixedBatch(network, shape=(size, *shape), device=device, record=record)
            for size in sorted(sizes, reverse=True)
        }

    def __call__(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Run the network on ``(B, C, S, S)``; each output is ``(B, …)``."""
        size = min(size for size in self._batches if size >= len(batch))
        return self._batches[size](batch)

    def repeat(self, size: int) -> None:
        """Run the recorded work of a fixed size again without copies, to measure the card alone.

        Args:
            size: One of the fixed batch sizes.
        """
        self._batches[size].repeat()


class _FixedBatch:
    """One batch size: fixed buffers (pinned memory on the host) and the recorded work between them."""

    def __init__(
        self, network: nn.Module, *, shape: tuple[int, ...], device: torch.device, record: Record
    ) -> None:
        self._device = device
        on_cuda = device.type == "cuda"
        self._given = torch.zeros(shape, pin_memory=on_cuda)
        self._x = torch.zeros(shape, device=device)
        self.repeat, self._outputs = record(lambda: network(self._x))
        self._found = [torch.zeros(output.shape, pin_memory=on_cuda) for output in self._outputs]

    def __call__(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        count = len(batch)
        # The padding keeps old images, which do not affect the results of the others.
        self._given[:count].copy_(torch.from_numpy(batch))
        self._x[:count].copy_(self._given[:count], non_blocking=True)
        self.repeat()
        for found, output in zip(self._found, self._outputs, strict=True):
            found[:count].copy_(output[:count], non_blocking=True)
        if self._device.type == "cuda":
            torch.cuda.current_stream().synchronize()
        return [found[:count].numpy().copy() for found in self._found]


def cuda_graphs() -> Record:
    """Return a recorder of CUDA graphs that share their memory, so that only one may run at a time."""
    pool = torch.cuda.graph_pool_handle()

    def record(work: Callable[[], Outputs]) -> tuple[Callable[[], None], Outputs]:
        # The shapes are constant, so that cuDNN's benchmark of kernels pays.
        with torch.backends.cudnn.flags(enabled=True, benchmark=True):
            # Warm-up: the selection of kernels and allocations must not be recorded.
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(3):
                    work()
            torch.cuda.current_stream().wait_stream(aside)
            graph = torch.cuda.CUDAGraph()
            # Another checkpoint may serve in another thread during a reload.
            with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
                outputs = work()
        return graph.replay, outputs

    return record
