"""The stages of one request: read in a thread pool, infer in a stream of the network, write in the pool."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from itertools import groupby
from time import perf_counter
from typing import NamedTuple, Protocol, TypeVar

import cv2
import numpy as np

from logs import frames, log
from model.errors import DecoderFailure, EngineError
from model.segmenter import Segmenter
from model.stages import Inferred, Prepared
from model.threads import available_cpus
from model.timing import ms_since

from .answer import Answer
from .audit import accessed
from .batcher import Batcher
from .settings import Settings
from .telemetry import Telemetry
from .tracing import span

T = TypeVar("T")
PreparedT = TypeVar("PreparedT", bound=Prepared)
AnswerT = TypeVar("AnswerT", bound=Answer)
AnswerT_co = TypeVar("AnswerT_co", bound=Answer, covariant=True)

INFERENCE_TIMEOUT_S = 60.0
"""Seconds that a batch may run. A network that takes longer hangs, as when its driver has failed."""


class Work(Protocol[PreparedT, AnswerT_co]):
    """The work of one request before and after the network; both methods run in a thread of the pool."""

    def prepare(self, segmenter: Segmenter) -> PreparedT:
        """Read the upload, and make the network's input.

        Args:
            segmenter: The segmenter of this request, also if another one is loaded meanwhile.

        Raises:
            ImageError: The upload cannot be used.
            ServiceError: No answer that the client accepts is possible for it.
        """
        ...

    def finish(self, segmenter: Segmenter, prepared: PreparedT, inferred: Inferred) -> AnswerT_co:
        """Make the answer.

        Args:
            segmenter: The segmenter that ran the network.
            prepared: The result of `prepare`.
            inferred: The network's output for it.

        Raises:
            ImageError: The answer is not possible for this upload.
            ServiceError: The mask is not trusted, and the settings reject such masks.
        """
        ...


class Job(NamedTuple):
    """One prepared image in the queue.

    Attributes:
        segmenter: The segmenter that prepared it.
        prepared: The image.
        queued: When it was ready for the network, by `time.perf_counter`.
    """

    segmenter: Segmenter
    prepared: Prepared
    queued: float

    def begin(self) -> Prepared:
        """Return the image with its wait for the network, which starts now, in the timing."""
        timing_ms = self.prepared.timing_ms
        waited = timing_ms.queue + ms_since(self.queued)
        return replace(self.prepared, timing_ms=replace(timing_ms, queue=waited))


class Pipeline:
    """Takes requests through a segmenter.

    The number of decoded images is bounded, however long the queue is: waiting uploads stay encoded,
    large ones on the disk.

    Attributes:
        segmenter: The segmenter of new requests. It can be replaced at any time; a request that has
            started keeps the one that it started with.

    Args:
        segmenter: The first segmenter.
        inference: An executor for the network, with as many threads as the machine has processors.
        settings: Sizes and deadlines.
        telemetry: Counts batches and masks.
        on_batch: Called after each batch with its error if it failed.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        *,
        inference: ThreadPoolExecutor,
        settings: Settings,
        telemetry: Telemetry,
        on_batch: Callable[[EngineError | None], None],
    ) -> None:
        workers = settings.workers or available_cpus()
        engine = segmenter.engine
        most = min(settings.max_batch or engine.max_batch, engine.max_batch)
        streams, max_batch = min(engine.streams, available_cpus()), most
        if engine.device == "cpu" and engine.streams > 1:
            # Each stream takes one image at a time, so that no image waits for a batch to finish.
            streams, max_batch = min(most, engine.streams), 1
        self.segmenter = segmenter
        self._most = most
        self._telemetry = telemetry
        self._on_batch = on_batch
        self._inference = inference
        # The pool works on several images in parallel; OpenCV's threads within one image would compete
        # with it.
        cv2.setNumThreads(1)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="images")
        # The images in the network, a batch that is ready for it, and those in the pool.
        self._decoded = asyncio.Semaphore(streams * max_batch + most + workers)
        self.queue: Batcher[Job, Inferred] = Batcher(
            _run,
            threads=inference,
            streams=streams,
            max_batch=max_batch,
            size=settings.queue_size,
            deadline_s=settings.deadline_s,
            timeout_s=INFERENCE_TIMEOUT_S,
            on_batch=self._count,
        )

    async def process(self, work: Work[PreparedT, AnswerT]) -> AnswerT:
        """Do one request's work.

        Raises:
            QueueFull: Too many images wait.
            DeadlinePassed: The network did not start in time.
            EngineError: The network could not be run.
            ImageError: The image cannot be used.
        """
        segmenter, arrived = self.segmenter, perf_counter()
        async with self.queue.slot() as slot, self._decoded:
            with span("prepare"):
                prepared = await self.in_pool(partial(_prepare, work, segmenter, arrived=arrived))
            accessed(prepared.radiograph)
            with span("infer"):
                inferred = await self.queue.infer(Job(segmenter, prepared, perf_counter()), slot)
            with span("finish"):
                answer = await self.in_pool(partial(work.finish, segmenter, prepared, inferred))
        self._telemetry.segmented(
            timing_ms=answer.timing_ms,
            trusted=answer.quality.trusted,
            predicted_iou=answer.quality.predicted_iou,
        )
        return answer

    async def try_engine(self) -> None:
        """Run the network once, in a thread of the network's executor.

        Raises:
            EngineError: The network could not be run.
        """
        await self._try_out(self.segmenter, self._inference)

    async def replace(self, segmenter: Segmenter, *, thread: ThreadPoolExecutor) -> None:
        """Serve new requests with another segmenter, after a trial run in ``thread``.

        Raises:
            EngineError: Its network could not be run; the old segmenter keeps serving.
        """
        await self._try_out(segmenter, thread)
        self.segmenter = segmenter

    async def _try_out(self, segmenter: Segmenter, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(INFERENCE_TIMEOUT_S):
                await loop.run_in_executor(thread, partial(_try_out, segmenter, most=self._most))
        except TimeoutError:
            raise EngineError(
                f"Inference timed out after {INFERENCE_TIMEOUT_S:g} s. Check the device."
            ) from None

    async def serve(self) -> None:
        """Run batches until cancelled."""
        await self.queue.serve()

    def close(self) -> None:
        """Shut the pool down without waiting for the running tasks."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def in_pool(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Call ``function``, in the caller's context, in a thread that reads and writes images."""
        return asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, function)

    def _count(self, size: int, error: EngineError | None) -> None:
        self._telemetry.batch_size.observe(size)
        if error is not None:
            self._telemetry.engine_failures.inc()
        self._on_batch(error)


def _prepare(work: Work[PreparedT, Answer], segmenter: Segmenter, *, arrived: float) -> PreparedT:
    """Prepare the image of a request, with its wait for this thread in the timing."""
    waited = ms_since(arrived)
    try:
        prepared = work.prepare(segmenter)
    except DecoderFailure as failure:
        cause = failure.__cause__ or failure
        log.error("unexpected error in a reader", extra={"fields": {"error": frames(cause)}})
        raise
    return replace(prepared, timing_ms=replace(prepared.timing_ms, queue=waited))


def _run(jobs: Sequence[Job]) -> list[Inferred]:
    """Run each segmenter on its own jobs; there are two only during a reload."""
    inferred: list[Inferred] = []
    for segmenter, group in groupby(jobs, key=lambda job: job.segmenter):
        rest = list(group)
        most = segmenter.engine.max_batch
        for start in range(0, len(rest), most):
            inferred += segmenter.run([job.begin() for job in rest[start : start + most]])
    return inferred


def _try_out(segmenter: Segmenter, *, most: int) -> None:
    """Run all stages on blank images, the network with one image and with a full batch."""
    side = segmenter.metadata.preprocessing.input_size
    prepared = segmenter.prepare(np.zeros((side, side), np.uint8))
    for size in {1, min(most, segmenter.engine.max_batch)}:
        inferred = segmenter.run([prepared] * size)
    segmenter.finish(prepared, inferred[0])
