"""The PyTorch engine: CUDA where there is one, else the CPU."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import EngineError
from ..network import ResNet50UNet
from .engine import EngineOutput

Precision = Literal["fp32", "bf16", "fp16"]

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEngine:
    """Runs a network with PyTorch, channels last, under autocast where the precision is not fp32."""

    def __init__(
        self, network: ResNet50UNet, *, device: str = "cpu", precision: Precision | None = None
    ) -> None:
        self.device = torch.device(device).type
        self.precision: Precision = precision or ("fp16" if self.device == "cuda" else "fp32")
        self.name = f"torch-{self.precision}"
        self.max_batch = 32 if self.device == "cuda" else 1
        self._network = network.to(torch.device(self.device)).to(memory_format=torch.channels_last).eval()

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        """See `Engine`."""
        try:
            with (
                torch.inference_mode(),
                torch.autocast(
                    self.device,
                    dtype=_DTYPES.get(self.precision),
                    enabled=self.precision != "fp32",
                ),
            ):
                x = torch.from_numpy(batch).to(self.device, memory_format=torch.channels_last)
                output = self._network.infer(x)
            return EngineOutput(*(part.float().cpu().numpy() for part in output))
        except RuntimeError as error:
            raise EngineError(
                "The network could not be run: free the device's memory or restart the service."
            ) from error
