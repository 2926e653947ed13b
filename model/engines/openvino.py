"""The OpenVINO engine: the fastest on a CPU, int8 or fp32. It needs no torch to run."""

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

Precision = Literal["fp32", "int8"]

SOURCE_KEY = "pleura_sha256"
"""Where a model's runtime information keeps the sha256 of the weights that it was made from."""


class OpenVINOEngine:
    """Runs an OpenVINO model of a checkpoint on the CPU.

    One image alone is inferred by all threads at once, which answers soonest. Several are inferred side
    by side, each by a share of the threads, which never wait for one another: that gives more images a
    second. The answers are the same.

    Args:
        model: with one input ``(1, C, S, S)`` and two outputs, probabilities and embedding, as
            `training.export.convert` makes it.
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
        self.name = f"openvino-{precision}"
        core = _core()
        # f32 keeps OpenVINO from taking bf16 where the processor has it: masks must not differ from host
        # to host.
        settings: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            # Images are decoded beside the network: threads that are bound to a processor would wait
            # there for the decoder.
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
            raise EngineError("OpenVINO cannot run this network here: set PLEURA_ENGINE to torch.") from error
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
            raise EngineError(
                "The network could not be run: free the machine's memory or restart the service."
            ) from error
        return EngineOutput(*map(np.concatenate, zip(*answers, strict=True)))

    @contextmanager
    def _call(self) -> Iterator[bool]:
        """Give whether no other call was under way when this one began."""
        with self._lock:
            first = self._calls == 0
            self._calls += 1
        try:
            yield first
        finally:
            with self._lock:
                self._calls -= 1


class Requests:
    """What infers with one compiled model, ``count`` images at a time, for any number of threads."""

    def __init__(self, model: openvino.CompiledModel, count: int) -> None:
        self.count = count
        self._free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(count):
            self._free.put(model.create_infer_request())

    def infer(self, images: Sequence[NDArray[np.float32]]) -> list[tuple[NDArray[np.float32], ...]]:
        """Probabilities and embedding of each image ``(1, C, S, S)``."""
        answers = []
        running: deque[openvino.InferRequest] = deque()
        try:
            for image in images:
                # One who waits for a request of others first gives back its own: else two could wait for
                # each other.
                if running and self._free.empty():
                    answers.append(self._finish(running.popleft()))
                running.append(self._free.get())
                running[-1].start_async([image], share_inputs=True)
            while running:
                answers.append(self._finish(running.popleft()))
        finally:
            # There are some left only where one has failed.
            for request in running:
                with suppress(RuntimeError):
                    request.wait()
                self._free.put(request)
        return answers

    def _finish(self, request: openvino.InferRequest) -> tuple[NDArray[np.float32], ...]:
        try:
            request.wait()
            # Copies: the next image overwrites them.
            return tuple(request.get_output_tensor(part).data.copy() for part in range(2))
        finally:
            self._free.put(request)


@cache
def _core() -> openvino.Core:
    """Return the one core of the process, which lasts as long.

    Each core gives its thread a stack for signal handlers and takes it back at its end. Cores that end in
    another order or thread leave one that is gone: the next signal kills the process.
    """
    core: openvino.Core = import_without_telemetry("openvino").Core()
    return core


def read_model(path: Path, *, sha256: str) -> openvino.Model:
    """Read an exported model, if it is as it was written and was made from these weights.

    Raises:
        EngineError: it is damaged, or was made from others.
    """
    files = read_exported(path)
    try:
        model = _core().read_model(files.xml, files.weights)
    except RuntimeError as error:
        raise EngineError(f"{path.name} is not a whole OpenVINO model: run `pleura export` again.") from error
    if not model.has_rt_info(SOURCE_KEY) or model.get_rt_info(SOURCE_KEY).value != sha256:
        raise EngineError(
            f"{path.name} was made from another checkpoint: run `pleura export` for this one, or remove the "
            "file."
        )
    return model


def is_made_from(path: Path, sha256: str) -> bool:
    """Whether an exported model says that it was made from these weights; without loading it."""
    try:
        return f'value="{sha256}"'.encode() in path.read_bytes()
    except OSError:
        return False
