"""A network at a few fixed batch sizes, each recorded once: on CUDA as a graph, whose hundreds of kernels start as one."""

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
"""From work to what repeats it, and the tensors that its outputs are written to each time."""


def batch_sizes(most: int) -> tuple[int, ...]:
    """1, 2, 4 and so on, up to ``most`` itself."""
    return (*(2**power for power in range(most.bit_length()) if 2**power < most), most)


class FoldedNetwork(nn.Module):
    """A network as it is inferred: batch normalisation folded into the convolutions, channels last, ``dtype`` inside.

    Called with ``(B, C, S, S)`` float32 it gives probabilities and embedding, both float32.
    """

    def __init__(self, network: SegmentationNetwork, *, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype
        folded: nn.Module = fuse(InferenceNetwork(network).eval())
        self._folded = folded.to(dtype=dtype).to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Outputs:
        """See above."""
        outputs = self._folded(x.to(dtype=self._dtype, memory_format=torch.channels_last))
        return tuple(part.float() for part in outputs)


class FixedBatches:
    """Runs batches of any size up to the largest in the next of the fixed sizes.

    Args:
        network: on its device.
        shape: ``(C, S, S)`` of one input.
        sizes: of the batches.
        device: where the network is.
        record: how a size is recorded.
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
        # The largest first: the others fit into the memory that it takes.
        self._batches = {
            size: _FixedBatch(network, shape=(size, *shape), device=device, record=record)
            for size in sorted(sizes, reverse=True)
        }

    def __call__(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """``(B, C, S, S)`` to the outputs of the network, each ``(B, …)``."""
        size = min(size for size in self._batches if size >= len(batch))
        return self._batches[size](batch)


class _FixedBatch:
    """One size: buffers that stay where they are, on the host in pinned memory, and the work between them."""

    def __init__(
        self, network: nn.Module, *, shape: tuple[int, ...], device: torch.device, record: Record
    ) -> None:
        self._device = device
        on_cuda = device.type == "cuda"
        self._given = torch.zeros(shape, pin_memory=on_cuda)
        self._x = torch.zeros(shape, device=device)
        self._repeat, self._outputs = record(lambda: network(self._x))
        self._found = [torch.zeros(output.shape, pin_memory=on_cuda) for output in self._outputs]

    def __call__(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        count = len(batch)
        # Beyond the batch lies what lay there before: no image of a batch has a say in another's answer.
        self._given[:count].copy_(torch.from_numpy(batch))
        self._x[:count].copy_(self._given[:count], non_blocking=True)
        self._repeat()
        for found, output in zip(self._found, self._outputs, strict=True):
            found[:count].copy_(output[:count], non_blocking=True)
        if self._device.type == "cuda":
            torch.cuda.current_stream().synchronize()
        return [found[:count].numpy().copy() for found in self._found]


def cuda_graphs() -> Record:
    """Record CUDA graphs that share their memory: only one of them may run at a time."""
    pool = torch.cuda.graph_pool_handle()

    def record(work: Callable[[], Outputs]) -> tuple[Callable[[], None], Outputs]:
        # The shapes never change: which kernels suit them best is worth trying out.
        with torch.backends.cudnn.flags(enabled=True, benchmark=True):
            # What is chosen and allocated on the first calls must not be recorded.
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(3):
                    work()
            torch.cuda.current_stream().wait_stream(aside)
            graph = torch.cuda.CUDAGraph()
            # Another checkpoint may be serving in another thread meanwhile.
            with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
                outputs = work()
        return graph.replay, outputs

    return record
