"""The OpenVINO engine, the fastest on a CPU, with int8 or fp32 and without torch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import EngineError
from ..isolation import import_without_telemetry
from .engine import EngineOutput
from .fingerprint import read_exported

if TYPE_CHECKING:
    import openvino

    from ..checkpoint import CheckpointMetadata

Precision = Literal["fp32", "int8"]

SOURCE_KEY = "pleura_sha256"
"""The key of a model's runtime information with the sha256 of the weights that it was made from."""


class OpenVINOEngine:
    """Runs an OpenVINO model of a checkpoint on the CPU.

    A single image is inferred by all threads, for the lowest latency. Several images are inferred in
    parallel, each by a share of the threads without synchronisation, for the highest throughput. The
    results are the same.

    Args:
        model: A model with one input ``(1, C, S, S)`` and two outputs, probabilities and embedding, as
            `training.export.convert` makes it.
        precision: The precision of its weights, for the name.
        threads: The number of threads that the network may use.
        cache: A folder for compiled models, which shortens the next start.

    Raises:
        EngineError: The model cannot be compiled here.
    """

    device = "cpu"

    def __init__(
        self, model: openvino.Model, *, precision: Precision, threads: int, cache: Path | None = None
    ) -> None:
        self.name = f"openvino-{precision}"
        core = shared_core()
        # f32 prevents bf16 on processors that support it: masks must not depend on the host.
        settings: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            # Images are decoded at the same time: threads bound to a processor would wait for the decoder.
            "ENABLE_CPU_PINNING": False,
        }
        if cache is not None:
            settings["CACHE_DIR"] = str(cache)
        try:
            alone = core.compile_model(
                model, "CPU", settings | {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
            )
            self._alone = self._beside = Requests(alone, 1)
            if threads > 1:
                beside = core.compile_model(model, "CPU", settings | {"PERFORMANCE_HINT": "THROUGHPUT"})
                self._beside = Requests(beside, beside.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        except RuntimeError as error:
            raise EngineError("OpenVINO cannot run this network here. Set PLEURA_ENGINE to torch.") from error
        self.max_batch = self.streams = self._beside.count
        self._calls = 0
        self._lock = threading.Lock()

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        """See `Engine`."""
        images = np.ascontiguousarray(batch)
        try:
            with self._call() as first:
                requests = self._alone if first and len(images) == 1 else self._beside
                answers = requests.infer([images[index : index + 1] for index in range(len(images))])
        except RuntimeError as error:
            raise EngineError("The network could not be run. Free memory or restart the service.") from error
        return EngineOutput(*map(np.concatenate, zip(*answers, strict=True)))

    @contextmanager
    def _call(self) -> Iterator[bool]:
        """Yield whether this is the only call in progress."""
        with self._lock:
            first = self._calls == 0
            self._calls += 1
        try:
            yield first
        finally:
            with self._lock:
                self._calls -= 1


class Requests:
    """A pool of ``count`` infer requests of one compiled model, for any number of threads."""

    def __init__(self, model: openvino.CompiledModel, count: int) -> None:
        self.count = count
        self._free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(count):
            self._free.put(model.create_infer_request())

    def infer(self, images: Sequence[NDArray[np.float32]]) -> list[tuple[NDArray[np.float32], ...]]:
        """Return probabilities and embedding of each image ``(1, C, S, S)``."""
        answers = []
        running: deque[openvino.InferRequest] = deque()
        try:
            for image in images:
                # Finish own requests before waiting for others': two threads could deadlock otherwise.
                if running and self._free.empty():
                    answers.append(self._finish(running.popleft()))
                running.append(self._free.get())
                running[-1].start_async([image], share_inputs=True)
            while running:
                answers.append(self._finish(running.popleft()))
        finally:
            # Some are left only if one has failed.
            for request in running:
                with suppress(RuntimeError):
                    request.wait()
                self._free.put(request)
        return answers

    def _finish(self, request: openvino.InferRequest) -> tuple[NDArray[np.float32], ...]:
        try:
            request.wait()
            # Copies, because the next image overwrites the buffers.
            return tuple(request.get_output_tensor(part).data.copy() for part in range(2))
        finally:
            self._free.put(request)


@cache
def shared_core() -> openvino.Core:
    """Return the one core of the process, which is never destroyed.

    Each core installs a signal stack in its thread and removes it in its destructor. If cores are
    destroyed in another order or thread, a freed stack remains installed, and the next signal kills the
    process.
    """
    core: openvino.Core = import_without_telemetry("openvino").Core()
    return core


def read_model(path: Path, metadata: CheckpointMetadata) -> openvino.Model:
    """Read an exported model and check that it is intact and was made from this checkpoint.

    Args:
        path: The .xml file.
        metadata: Of the checkpoint.

    Raises:
        EngineError: The model is damaged, or was made from other weights or for another image size.
    """
    files = read_exported(path)
    try:
        model = shared_core().read_model(files.xml, files.weights)
    except RuntimeError as error:
        raise EngineError(
            f"{path.name} is not a complete OpenVINO model. Run `pleura export` again."
        ) from error
    side = metadata.preprocessing.input_size
    if (
        not model.has_rt_info(SOURCE_KEY)
        or model.get_rt_info(SOURCE_KEY).value != metadata.sha256
        or str(model.input(0).partial_shape) != f"[1,{metadata.in_channels},{side},{side}]"
    ):
        raise EngineError(
            f"{path.name} was made from another checkpoint, or for another image size. Run `pleura export` "
            "for this one, or remove the file."
        )
    return model


def is_made_from(path: Path, sha256: str) -> bool:
    """Return whether an exported model was made from these weights, without loading it.

    Args:
        path: The .xml file, which may be missing.
        sha256: Of the checkpoint's weights, in hexadecimal digits.
    """
    try:
        return f'value="{sha256}"'.encode() in path.read_bytes()
    except OSError:
        return False
