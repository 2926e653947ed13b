"""A network at a few fixed batch sizes, each recorded as a CUDA graph, which launches all kernels at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn
from torch.fx.experimental.optimization import fuse

from ..networks.unet import SegmentationNetwork
from .conversion import InferenceNetwork
from .fused_convolutions import fused_where_possible

Outputs = tuple[Tensor, ...]
Record = Callable[[Callable[[], Outputs]], tuple[Callable[[], None], Outputs]]
"""Records work; returns a function that repeats it, and the tensors that receive the outputs."""


def batch_sizes(most: int) -> tuple[int, ...]:
    """Return 1, 2, 4 and so on, and ``most`` itself."""
    return (*(2**power for power in range(most.bit_length()) if 2**power < most), most)


class FoldedNetwork(nn.Module):
    """A network for inference: batch normalisation folded, channels last, ``dtype`` inside.

    Args:
        network: The network; this takes ownership.
        dtype: Of the weights and the outputs.
    """

    def __init__(self, network: SegmentationNetwork, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        folded = cast(fx.GraphModule, fuse(InferenceNetwork(network).eval()))
        self._folded = folded.to(dtype=dtype).to(memory_format=torch.channels_last)

    def fuse(self, shape: tuple[int, ...]) -> bool:
        """Let cuDNN compute bias, residual and ReLU in the convolutions' kernels, if it has such kernels.

        Args:
            shape: Of the largest batch, ``(B, C, S, S)``.

        Returns:
            Whether it does.

        Raises:
            torch.OutOfMemoryError: The device has too little memory for the largest batch.
        """
        device = next(self.parameters()).device
        example = torch.zeros(shape, dtype=self.dtype, device=device)
        example = example.to(memory_format=torch.channels_last)
        unfused = self._folded
        self._folded = fused_where_possible(unfused, example)
        return self._folded is not unfused

    def forward(self, x: Tensor) -> Outputs:
        """Map ``(B, C, S, S)`` to probabilities ``(B, num_classes, S, S)`` and embeddings, contiguous."""
        outputs = self._folded(x.to(dtype=self.dtype, memory_format=torch.channels_last))
        return tuple(part.contiguous() for part in outputs)


class FixedBatches:
    """Runs batches of any size up to the largest, padded to the next fixed size; one at a time.

    Args:
        network: The network, on its device.
        shape: ``(C, S, S)`` of one input.
        dtype: The network's; inputs and outputs are copied in it.
        sizes: The fixed batch sizes.
        record: Records the work for one size.
        stream: The CUDA stream that batches run on; None on a CPU.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        shape: tuple[int, int, int],
        dtype: torch.dtype,
        sizes: tuple[int, ...],
        record: Record,
        stream: torch.cuda.Stream | None,
    ) -> None:
        # The largest first, so that the others reuse its memory.
        self._batches = {
            size: _FixedBatch(network, shape=(size, *shape), dtype=dtype, record=record, stream=stream)
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


class SideBySide:
    """Runs as many batches at the same time as there are `FixedBatches`; more callers wait.

    While one batch is in the network, another is copied. Each has its own buffers, graphs and stream.

    Args:
        lanes: Of one network.
    """

    def __init__(self, lanes: Sequence[FixedBatches]) -> None:
        self._free: SimpleQueue[FixedBatches] = SimpleQueue()
        for lane in lanes:
            self._free.put(lane)

    def __call__(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """See `FixedBatches`."""
        lane = self._free.get()
        try:
            return lane(batch)
        finally:
            self._free.put(lane)


class _FixedBatch:
    """One batch size: fixed buffers (pinned memory on the host) and the recorded work between them."""

    def __init__(
        self,
        network: nn.Module,
        *,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        record: Record,
        stream: torch.cuda.Stream | None,
    ) -> None:
        self._stream = stream
        pinned = stream is not None
        self._given = torch.zeros(shape, dtype=dtype, pin_memory=pinned)
        self._x = torch.zeros(shape, dtype=dtype, device="cpu" if stream is None else stream.device)
        self.repeat, self._outputs = record(lambda: network(self._x))
        self._found = [
            torch.zeros(output.shape, dtype=output.dtype, pin_memory=pinned) for output in self._outputs
        ]

    def __call__(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        count = len(batch)
        # The padding keeps old images, which do not affect the results of the others.
        self._given[:count].copy_(torch.from_numpy(batch))
        with torch.cuda.stream(self._stream):
            self._x[:count].copy_(self._given[:count], non_blocking=True)
            self.repeat()
            for found, output in zip(self._found, self._outputs, strict=True):
                found[:count].copy_(output[:count], non_blocking=True)
        if self._stream is not None:
            self._stream.synchronize()
        # Copies, because the next batch overwrites the buffers.
        return [found[:count].to(torch.float32, copy=True).numpy() for found in self._found]


def cuda_graphs(stream: torch.cuda.Stream) -> Record:
    """Return a recorder of CUDA graphs that share their memory, so that only one may run at a time.

    They are recorded on ``stream``, on which they run. PyTorch's own stream for recording comes from the same
    pool as the streams of an engine that serves during a reload, and could be one of them.
    """
    pool = torch.cuda.graph_pool_handle()

    def record(work: Callable[[], Outputs]) -> tuple[Callable[[], None], Outputs]:
        # The shapes are constant, so that cuDNN's benchmark of kernels pays.
        with torch.backends.cudnn.flags(enabled=True, benchmark=True):
            # Warm-up: the selection of kernels and allocations must not be recorded.
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(3):
                    work()
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            # Another checkpoint may serve in another thread during a reload.
            with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
                outputs = work()
        return graph.replay, outputs

    return record
