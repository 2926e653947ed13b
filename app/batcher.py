"""A bounded queue in front of the network.

An idle network takes the images that wait, and images that arrive while it is busy form the next batch;
no image waits for a batch to fill. All of this runs on the event loop. Only the network runs in threads,
one per stream.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Generic, TypeVar

from model.errors import EngineError

from .errors import DeadlinePassed, QueueFull

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class Slot:
    """One image's slot in the queue, from its arrival until the network starts on it."""

    deadline: asyncio.Timeout

    def begin(self) -> None:
        """Stop the deadline: the network starts on the image."""
        self.deadline.reschedule(None)


class Batcher(Generic[Item, Result]):
    """A queue that runs ``run`` in threads on batches of waiting items.

    Args:
        run: Maps at most ``max_batch`` items to as many results, in the same order.
        threads: An executor with at least one thread per stream.
        streams: The number of batches that run at the same time.
        max_batch: The most items in one batch.
        size: The number of slots in the queue.
        deadline_s: Seconds that an item may wait.
        timeout_s: Seconds that a batch may run.
        on_batch: Called after each batch with its number of items, and its error if it failed.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        threads: ThreadPoolExecutor,
        streams: int,
        max_batch: int,
        size: int,
        deadline_s: float,
        timeout_s: float,
        on_batch: Callable[[int, EngineError | None], None],
    ) -> None:
        self._run = run
        self._threads = threads
        self._streams = streams
        self._max_batch = max_batch
        self._size = size
        self._deadline_s = deadline_s
        self._timeout_s = timeout_s
        self._on_batch = on_batch
        self._slots: set[Slot] = set()
        self._jobs: deque[tuple[Item, Slot, asyncio.Future[Result]]] = deque()
        self._results: set[asyncio.Future[Result]] = set()
        self._arrival = asyncio.Event()
        self._item_s = 0.1

    @property
    def depth(self) -> int:
        """The number of slots taken."""
        return len(self._slots)

    def check(self) -> None:
        """Check that a slot is free.

        Raises:
            QueueFull: All slots are taken.
        """
        if len(self._slots) >= self._size:
            wait = max(1, min(60, ceil(self._size * self._item_s)))
            raise QueueFull(
                f"All {self._size} slots in the queue are taken. Try again in {wait} s.", retry_after=wait
            )

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Take a slot in the queue. The deadline runs until the network starts on the image.

        Raises:
            QueueFull: All slots are taken.
            DeadlinePassed: The network did not start in time.
        """
        self.check()
        try:
            async with asyncio.timeout(self._deadline_s) as deadline:
                slot = Slot(deadline)
                self._slots.add(slot)
                try:
                    yield slot
                finally:
                    self._slots.discard(slot)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise DeadlinePassed(
                f"The image waited {self._deadline_s:g} s for the network. Try again later."
            ) from None

    async def infer(self, item: Item, slot: Slot) -> Result:
        """Return the network's result for ``item``.

        Args:
            item: What the network is to run on.
            slot: The slot that the request has taken; it is free again when the network begins.

        Raises:
            EngineError: The network could not be run on the item's batch.
        """
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._results.add(result)
        try:
            self._jobs.append((item, slot, result))
            self._arrival.set()
            return await result
        finally:
            self._results.discard(result)

    async def serve(self) -> None:
        """Form batches and run them until cancelled. After an exception this can be called again.

        Raises:
            ExceptionGroup: An unexpected error. All waiting callers have received an `EngineError`.
        """
        try:
            async with asyncio.TaskGroup() as streams:
                for _ in range(self._streams):
                    streams.create_task(self._serve_stream())
        except Exception:
            self._abandon()
            raise

    def _abandon(self) -> None:
        self._jobs.clear()
        for result in self._results:
            if not result.done():
                result.set_exception(EngineError("The queue had to be restarted. Send the image again."))

    async def _serve_stream(self) -> None:
        while True:
            await self._arrival.wait()
            batch = self._next_batch()
            if not self._jobs:
                self._arrival.clear()
            if batch:
                await self._infer(batch)

    def _next_batch(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._jobs and len(batch) < self._max_batch:
            item, slot, result = self._jobs.popleft()
            # A result that is done already was cancelled: the client has gone, or the deadline has passed.
            if not result.done():
                slot.begin()
                self._slots.discard(slot)
                batch.append((item, result))
        return batch

    async def _infer(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        items = [item for item, _ in batch]
        error: EngineError | None = None
        outcomes: Sequence[Result] = ()
        start = monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                outcomes = await asyncio.get_running_loop().run_in_executor(self._threads, self._run, items)
            if len(outcomes) != len(items):
                error = EngineError("The network returned a wrong number of results. Try again later.")
        except EngineError as failure:
            error = failure
        except TimeoutError:
            error = EngineError(f"Inference timed out after {self._timeout_s:g} s. Try again later.")
        except Exception as failure:
            # No exception of a driver may end this loop.
            error = EngineError("The network could not be run. Try again later.")
            error.__cause__ = failure
        took = (monotonic() - start) / (len(items) * self._streams)
        self._item_s += 0.2 * (took - self._item_s)
        self._on_batch(len(items), error)
        for index, (_, result) in enumerate(batch):
            if result.done():
                continue
            if error is not None:
                result.set_exception(EngineError(str(error)))
            else:
                result.set_result(outcomes[index])
