"""The PyTorch engine for CUDA and CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import EngineError
from ..networks.unet import SegmentationNetwork
from .engine import EngineOutput
from .fixed_batches import FixedBatches, FoldedNetwork, SideBySide, batch_sizes, cuda_graphs

Precision = Literal["fp32", "bf16", "fp16"]
Run = Callable[[NDArray[np.float32]], Sequence[NDArray[np.float32]]]

STREAMS = 2
"""Batches on CUDA at the same time: one in the network, while another is copied."""

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEngine:
    """Runs a network with PyTorch, channels last.

    On a CPU the network runs unchanged, under autocast unless the precision is fp32. On CUDA it runs in that
    precision from end to end, with batch normalisation folded and each batch size recorded as a graph; in
    fp16, cuDNN computes bias, residual and ReLU in the kernels of the convolutions.

    Args:
        network: The network; the engine takes ownership.
        device: ``"cpu"`` or ``"cuda"``.
        precision: None takes fp16 on CUDA and fp32 on a CPU.
        in_channels, side: C and S of the inputs ``(B, C, S, S)``, which are fixed in a graph.
        max_batch: The largest batch on CUDA.

    Attributes:
        lanes: What runs on CUDA, one for each stream; none on a CPU.
        fused: Whether cuDNN computes bias, residual and ReLU in the convolutions; False on a CPU.

    Raises:
        EngineError: The device has too little memory.
    """

    def __init__(
        self,
        network: SegmentationNetwork,
        *,
        device: str = "cpu",
        precision: Precision | None = None,
        in_channels: int = 1,
        side: int = 256,
        max_batch: int = 32,
    ) -> None:
        self.device = torch.device(device).type
        on_cuda = self.device == "cuda"
        self.precision: Precision = precision or ("fp16" if on_cuda else "fp32")
        self.name = f"torch-{self.precision}"
        self.max_batch = max_batch if on_cuda else 1
        self.lanes: list[FixedBatches] = []
        self.fused = False
        self.streams = STREAMS if on_cuda else 1
        with _engine_errors(), torch.inference_mode():
            if on_cuda:
                self.lanes = self._recorded(network, (in_channels, side, side))
                self._run: Run = SideBySide(self.lanes)
            else:
                self._run = self._eager(network)

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        """See `Engine`."""
        with _engine_errors(), torch.inference_mode():
            return EngineOutput(*self._run(batch))

    def _recorded(self, network: SegmentationNetwork, shape: tuple[int, int, int]) -> list[FixedBatches]:
        folded = FoldedNetwork(network, dtype=_DTYPES[self.precision]).to(self.device)
        if self.precision == "fp16":
            self.fused = folded.fuse((self.max_batch, *shape))
        return [
            FixedBatches(
                folded,
                shape=shape,
                dtype=folded.dtype,
                sizes=batch_sizes(self.max_batch),
                record=cuda_graphs(stream),
                stream=stream,
            )
            for stream in [torch.cuda.Stream() for _ in range(self.streams)]
        ]

    def _eager(self, network: SegmentationNetwork) -> Run:
        network = network.to(memory_format=torch.channels_last).eval()

        def run(batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            mixed = self.precision != "fp32"
            with torch.autocast(self.device, dtype=_DTYPES[self.precision] if mixed else None, enabled=mixed):
                output = network.infer(torch.from_numpy(batch).to(memory_format=torch.channels_last))
            return [part.float().numpy() for part in output]

        return run


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise EngineError(
            "The network could not be run. Free the device's memory or restart the service."
        ) from error
