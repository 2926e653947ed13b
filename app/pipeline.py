"""The way of one image: read in a pool of threads, inferred in a lane of the network, written in the pool again."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from typing import NamedTuple, Protocol, TypeVar

import cv2
import numpy as np

from logs import frames, log
from model.errors import DecoderFailure, EngineError
from model.segmenter import Inferred, Prepared, Segmenter
from model.threads import available_cpus

from .answer import Answer
from .batcher import Batcher
from .settings import Settings
from .telemetry import Telemetry
from .tracing import span

T = TypeVar("T")

PATIENCE_S = 60.0
"""Seconds until a batch is given up. A network that takes so long hangs: a driver is gone."""


class Work(Protocol):
    """What a route wants done for one request. Both are called in a thread of the pool."""

    def prepare(self, segmenter: Segmenter) -> Prepared:
        """Reads what was uploaded."""
        ...

    def finish(
        self, segmenter: Segmenter, prepared: Prepared, inferred: Inferred, *, queue_ms: float
    ) -> Answer:
        """Makes the answer."""
        ...


class Job(NamedTuple):
    """One image that is ready for the network of the segmenter that prepared it."""

    segmenter: Segmenter
    prepared: Prepared


class Pipeline:
    """Takes requests through a segmenter.

    However long the queue, only some images are decoded at a time: what waits is as it was uploaded, on the disk if it is large.

    Attributes:
        segmenter: what does the work of requests that come from now on. Another may take its place at any time: each request
            stays with the one that it began with.

    Args:
        segmenter: what does the work.
        inference: an executor for the network, of as many threads as the machine has processors.
        settings: sizes and deadlines.
        telemetry: counts batches and masks.
        on_batch: called after each batch with its error if it failed.
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
        # Each lane takes one image at a time where there are several: none waits for the slowest of a batch.
        most = min(settings.max_batch or engine.max_batch, engine.max_batch)
        lanes, max_batch = (min(most, engine.lanes), 1) if engine.lanes > 1 else (1, most)
        self.segmenter = segmenter
        self._most = most
        self._telemetry = telemetry
        self._on_batch = on_batch
        self._inference = inference
        # Images are read and written side by side: threads within one would stand in each other's way.
        cv2.setNumThreads(1)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="images")
        # What the network has in hand, as much that is ready for it, and what the pool has in hand.
        self._decoded = asyncio.Semaphore(2 * most + workers)
        self.queue: Batcher[Job, Inferred] = Batcher(
            _run,
            threads=inference,
            lanes=lanes,
            max_batch=max_batch,
            size=settings.queue_size,
            deadline_s=settings.deadline_s,
            patience_s=PATIENCE_S,
            on_batch=self._count,
        )

    async def process(self, work: Work) -> Answer:
        """Does one request's work.

        Raises:
            QueueFull: too many images wait.
            DeadlinePassed: the network did not begin in time.
            EngineError: the network could not be run.
            ImageError: the image cannot be used.
        """
        segmenter = self.segmenter
        async with self.queue.place() as place, self._decoded:
            with span("prepare"):
                prepared = await self.in_pool(partial(_prepare, work, segmenter))
            with span("infer"):
                inferred = await self.queue.infer(Job(segmenter, prepared), place)
            queue_ms = max(0.0, place.waited_ms - prepared.decode_ms)
            with span("finish"):
                answer = await self.in_pool(
                    partial(work.finish, segmenter, prepared, inferred, queue_ms=queue_ms)
                )
        self._telemetry.segmented(
            timing_ms=answer.timing_ms,
            trusted=answer.quality.trusted,
            predicted_iou=answer.quality.predicted_iou,
        )
        return answer

    async def try_engine(self) -> None:
        """Tries what serves, in a thread of the network's.

        Raises:
            EngineError: the network could not be run.
        """
        await self._try_out(self.segmenter, self._inference)

    async def replace(self, segmenter: Segmenter, *, thread: ThreadPoolExecutor) -> None:
        """Lets another segmenter do the work of requests that come from now on, once it has been tried in ``thread``.

        Raises:
            EngineError: its network could not be run; the work goes on with the one that there was.
        """
        await self._try_out(segmenter, thread)
        self.segmenter = segmenter

    async def _try_out(self, segmenter: Segmenter, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await loop.run_in_executor(thread, partial(_try_out, segmenter, most=self._most))
        except TimeoutError:
            raise EngineError(f"Inference timed out after {PATIENCE_S:g} s. Check the device.") from None

    async def serve(self) -> None:
        """Runs batches until cancelled."""
        await self.queue.serve()

    def close(self) -> None:
        """Lets the threads end when what they have in hand is done."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def in_pool(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Calls ``function`` in a thread of the pool that reads images and writes masks."""
        return asyncio.get_running_loop().run_in_executor(self._pool, function)

    def _count(self, size: int, error: EngineError | None) -> None:
        self._telemetry.batch_size.observe(size)
        if error is not None:
            self._telemetry.engine_failures.inc()
        self._on_batch(error)


def _prepare(work: Work, segmenter: Segmenter) -> Prepared:
    try:
        return work.prepare(segmenter)
    except DecoderFailure as failure:
        cause = failure.__cause__ or failure
        log.error("unforeseen error of a reader", extra={"fields": {"error": frames(cause)}})
        raise


def _run(jobs: Sequence[Job]) -> list[Inferred]:
    """Runs each network on its own images; there are two only while one takes the other's place."""
    inferred: list[Inferred] = []
    for segmenter, group in groupby(jobs, key=lambda job: job.segmenter):
        prepared = [job.prepared for job in group]
        most = segmenter.engine.max_batch
        for start in range(0, len(prepared), most):
            inferred += segmenter.run(prepared[start : start + most])
    return inferred


def _try_out(segmenter: Segmenter, *, most: int) -> None:
    """Runs the network on one blank image and on as many as it takes at a time, and what comes before and after."""
    side = segmenter.metadata.preprocessing.input_size
    prepared = segmenter.prepare(np.zeros((side, side), np.uint8))
    for size in {1, min(most, segmenter.engine.max_batch)}:
        inferred = segmenter.run([prepared] * size)
    segmenter.finish(prepared, inferred[0])
