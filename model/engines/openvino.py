"""The OpenVINO engine: the fastest on a CPU, int8 or fp32. It needs no torch to run."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import EngineError
from .engine import EngineOutput
from .fingerprint import check_fingerprint

if TYPE_CHECKING:
    import openvino

Precision = Literal["fp32", "int8"]

Kept = dict[int, tuple[NDArray[np.float32], ...]]
"""Probabilities and embedding of each image, by its place in the batch."""

SOURCE_KEY = "pleura_sha256"
"""Where a model's runtime information keeps the sha256 of the weights that it was made from."""


class OpenVINOEngine:
    """Runs an OpenVINO model of a checkpoint on the CPU.

    One image alone is inferred by all threads at once, which answers soonest. Several are inferred side by side, each by a share of
    the threads, which never wait for one another: that gives more images a second. The answers are the same.

    Args:
        model: with one input ``(1, C, S, S)`` and two outputs, probabilities and embedding, as `training.export` makes it.
        precision: of its weights, for the name.
        threads: that the network may use.
        cache: folder for compiled models; shortens the next start.

    Raises:
        EngineError: the model cannot be compiled here.
    """

    device = "cpu"

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
            # Images are decoded beside the network: threads that are bound to a processor would wait there for the decoder.
            "ENABLE_CPU_PINNING": False,
        }
        if cache is not None:
            settings["CACHE_DIR"] = str(cache)
        try:
            alone = core.compile_model(
                model, "CPU", settings | {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
            )
            self._alone = self._together = openvino.AsyncInferQueue(alone, 1)
            if threads > 1:
                together = core.compile_model(model, "CPU", settings | {"PERFORMANCE_HINT": "THROUGHPUT"})
                self._together = openvino.AsyncInferQueue(together)
        except RuntimeError as error:
            raise EngineError("OpenVINO cannot run this network here: set PLEURA_ENGINE to torch.") from error
        for queue in (self._alone, self._together):
            queue.set_callback(_keep)
        self.max_batch = len(self._together)
        self._lock = threading.Lock()

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        """See `Engine`."""
        queue = self._alone if len(batch) == 1 else self._together
        images = np.ascontiguousarray(batch)
        kept: Kept = {}
        try:
            with self._lock:
                for index in range(len(images)):
                    queue.start_async([images[index : index + 1]], (kept, index), share_inputs=True)
                queue.wait_all()
        except RuntimeError as error:
            raise EngineError(
                "The network could not be run: free the machine's memory or restart the service."
            ) from error
        return EngineOutput(
            *(np.concatenate([kept[index][part] for index in range(len(images))]) for part in range(2))
        )


def _keep(request: openvino.InferRequest, place: tuple[Kept, int]) -> None:
    """Copies what a request has found: the next image overwrites it."""
    kept, index = place
    kept[index] = tuple(request.get_output_tensor(part).data.copy() for part in range(2))


def read_model(path: Path, *, sha256: str) -> openvino.Model:
    """Reads an exported model, if it is as it was written and was made from these weights.

    Raises:
        EngineError: it is damaged, or was made from others.
    """
    import openvino

    check_fingerprint(path)
    try:
        model = openvino.Core().read_model(path)
    except RuntimeError as error:
        raise EngineError(f"{path.name} is not a whole OpenVINO model: run `pleura export` again.") from error
    if not model.has_rt_info(SOURCE_KEY) or model.get_rt_info(SOURCE_KEY).value != sha256:
        raise EngineError(
            f"{path.name} was made from another checkpoint: run `pleura export` for this one, or remove the file."
        )
    return model
