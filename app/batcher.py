"""A bounded queue in front of the network.

Batches form by themselves: an idle network takes what is there, and what arrives while it is busy is the next batch. Nothing waits
for company. Everything here runs on the event loop; only the network runs in threads, one for each of its lanes.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from time import monotonic
from typing import Generic, TypeVar

from model.errors import EngineError

from .errors import DeadlinePassed, QueueFull

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class Place:
    """One image's place in the queue, from its arrival until the network begins with it."""

    deadline: asyncio.Timeout
    arrived: float = field(default_factory=monotonic)
    waited_ms: float = 0.0

    def begin(self) -> None:
        """The network begins: no deadline from now on."""
        self.waited_ms = (monotonic() - self.arrived) * 1000
        self.deadline.reschedule(None)


class Batcher(Generic[Item, Result]):
    """Runs ``run`` in threads, on batches of what waits for it.

    Args:
        run: at most ``max_batch`` items to as many results, in the same order.
        threads: an executor of at least so many threads as there are lanes.
        lanes: batches that run at the same time.
        max_batch: most items in one batch.
        size: most places in the queue.
        deadline_s: seconds until an item that waits is given up.
        patience_s: seconds until a batch that runs is given up.
        on_batch: called after each batch with its number of items, and its error if it failed.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        threads: ThreadPoolExecutor,
        lanes: int,
        max_batch: int,
        size: int,
        deadline_s: float,
        patience_s: float,
        on_batch: Callable[[int, EngineError | None], None],
    ) -> None:
        self._run = run
        self._threads = threads
        self._lanes = lanes
        self._max_batch = max_batch
        self._size = size
        self._deadline_s = deadline_s
        self._patience_s = patience_s
        self._on_batch = on_batch
        self._places: set[Place] = set()
        self._jobs: deque[tuple[Item, Place, asyncio.Future[Result]]] = deque()
        self._results: set[asyncio.Future[Result]] = set()
        self._arrival = asyncio.Event()
        self._item_s = 0.1

    @property
    def depth(self) -> int:
        """Places taken."""
        return len(self._places)

    def check(self) -> None:
        """Raises:
        QueueFull: no place is free.
        """
        if len(self._places) >= self._size:
            wait = max(1, min(60, ceil(self._size * self._item_s)))
            raise QueueFull(
                f"All {self._size} slots in the queue are taken. Try again in {wait} s.", retry_after=wait
            )

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """Takes a place in the queue. The deadline holds until the network begins.

        Raises:
            QueueFull: no place is free.
            DeadlinePassed: the network did not begin in time.
        """
        self.check()
        try:
            async with asyncio.timeout(self._deadline_s) as deadline:
                place = Place(deadline)
                self._places.add(place)
                try:
                    yield place
                finally:
                    self._places.discard(place)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise DeadlinePassed(
                f"The image waited {self._deadline_s:g} s for the network. Try again later."
            ) from None

    async def infer(self, item: Item, place: Place) -> Result:
        """Waits for the network's result.

        Raises:
            EngineError: the network could not be run on this item's batch.
        """
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._results.add(result)
        try:
            self._jobs.append((item, place, result))
            self._arrival.set()
            return await result
        finally:
            self._results.discard(result)

    async def serve(self) -> None:
        """Forms batches and runs them, until cancelled or until something unforeseen is raised. It can be called again then.

        Raises:
            ExceptionGroup: something unforeseen. All who wait for a result have got an `EngineError`.
        """
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(self._lanes):
                    lanes.create_task(self._serve_lane())
        except Exception:
            self._abandon()
            raise

    def _abandon(self) -> None:
        self._jobs.clear()
        for result in self._results:
            if not result.done():
                result.set_exception(EngineError("The queue had to be restarted. Send the image again."))

    async def _serve_lane(self) -> None:
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
            item, place, result = self._jobs.popleft()
            # A result that is done before its time was cancelled: the client has gone, or the deadline has passed.
            if not result.done():
                place.begin()
                self._places.discard(place)
                batch.append((item, result))
        return batch

    async def _infer(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        items = [item for item, _ in batch]
        error: EngineError | None = None
        outcomes: Sequence[Result] = ()
        start = monotonic()
        try:
            async with asyncio.timeout(self._patience_s):
                outcomes = await asyncio.get_running_loop().run_in_executor(self._threads, self._run, items)
            if len(outcomes) != len(items):
                error = EngineError("The network gave fewer or more results than images. Try again later.")
        except EngineError as failure:
            error = failure
        except TimeoutError:
            error = EngineError(f"Inference timed out after {self._patience_s:g} s. Try again later.")
        except Exception as failure:
            # Whatever a driver raises must not end this loop.
            error = EngineError("The network could not be run. Try again later.")
            error.__cause__ = failure
        took = (monotonic() - start) / (len(items) * self._lanes)
        self._item_s += 0.2 * (took - self._item_s)
        self._on_batch(len(items), error)
        for index, (_, result) in enumerate(batch):
            if result.done():
                continue
            if error is not None:
                result.set_exception(EngineError(str(error)))
            else:
                result.set_result(outcomes[index])
