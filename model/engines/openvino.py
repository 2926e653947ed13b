"""The OpenVINO engine: the fastest on a CPU, int8 or fp32. It needs no torch to run."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import EngineError
from .engine import EngineOutput

if TYPE_CHECKING:
    import openvino

Precision = Literal["fp32", "int8"]

SOURCE_KEY = "pleura_sha256"
"""Where a model's runtime information keeps the sha256 of the weights that it was made from."""


class OpenVINOEngine:
    """Runs an OpenVINO model of a checkpoint on the CPU.

    Args:
        model: with one input ``(1, C, S, S)`` and two outputs, probabilities and embedding, as `training.export` makes it.
        precision: of its weights, for the name.
        threads: that the network may use.
        cache: folder for compiled models; shortens the next start.

    Raises:
        EngineError: the model cannot be compiled here.
    """

    device = "cpu"
    max_batch = 1

    def __init__(
        self, model: openvino.Model, *, precision: Precision, threads: int, cache: Path | None = None
    ) -> None:
        import openvino

        self.name = f"openvino-{precision}"
        core = openvino.Core()
        # f32 keeps OpenVINO from taking bf16 where the processor has it: masks must not differ from host to host.
        settings: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            # Images are decoded beside the network: threads that are bound to a processor would wait there for the decoder.
            "ENABLE_CPU_PINNING": False,
        }
        if cache is not None:
            settings["CACHE_DIR"] = str(cache)
        try:
            self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        except RuntimeError as error:
            raise EngineError("OpenVINO cannot run this network here: set PLEURA_ENGINE to torch.") from error
        self._lock = threading.Lock()

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        """See `Engine`."""
        try:
            with self._lock:
                parts = [self._infer(image) for image in batch]
        except RuntimeError as error:
            raise EngineError(
                "The network could not be run: free the machine's memory or restart the service."
            ) from error
        return EngineOutput(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _infer(self, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        result = self._request.infer([np.ascontiguousarray(image[None])], share_inputs=True)
        probabilities, embedding = (np.array(result[index]) for index in range(2))
        return probabilities, embedding


def read_model(path: Path, *, sha256: str) -> openvino.Model:
    """Reads an exported model, if it was made from these weights.

    Raises:
        EngineError: it is damaged, or was made from others.
    """
    import openvino

    try:
        model = openvino.Core().read_model(path)
    except RuntimeError as error:
        raise EngineError(f"{path.name} is not a whole OpenVINO model: run `pleura export` again.") from error
    if not model.has_rt_info(SOURCE_KEY) or model.get_rt_info(SOURCE_KEY).value != sha256:
        raise EngineError(
            f"{path.name} was made from another checkpoint: run `pleura export` for this one, or remove the file."
        )
    return model
