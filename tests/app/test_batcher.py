"""The queue and its streams. Events control the waiting items, never time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Event

import pytest

from app.batcher import Batcher
from app.errors import DeadlinePassed, QueueFull
from model.errors import EngineError
from tests.app.waiting import eventually


@dataclass
class Network:
    """A network that doubles numbers when its gate is open."""

    gate: Event = field(default_factory=Event)
    batches: list[list[int]] = field(default_factory=list)
    told: list[tuple[int, str | None]] = field(default_factory=list)
    failure: Exception | None = None
    results: int | None = None
    telling: Exception | None = None

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        assert self.gate.wait(30)
        if self.failure is not None:
            raise self.failure
        doubled = [2 * item for item in items]
        return doubled if self.results is None else [0] * self.results

    def tell(self, size: int, error: EngineError | None) -> None:
        if self.telling is not None:
            raise self.telling
        self.told.append((size, None if error is None else str(error)))


def made(
    network: Network,
    threads: ThreadPoolExecutor,
    *,
    streams: int = 1,
    max_batch: int = 1,
    size: int = 8,
    deadline_s: float = 30,
    timeout_s: float = 30,
) -> Batcher[int, int]:
    return Batcher(
        network,
        threads=threads,
        streams=streams,
        max_batch=max_batch,
        size=size,
        deadline_s=deadline_s,
        timeout_s=timeout_s,
        on_batch=network.tell,
    )


@asynccontextmanager
async def serving(
    network: Network,
    *,
    streams: int = 1,
    max_batch: int = 1,
    size: int = 8,
    deadline_s: float = 30,
    timeout_s: float = 30,
) -> AsyncIterator[Batcher[int, int]]:
    with ThreadPoolExecutor(streams) as threads:
        batcher = made(
            network,
            threads,
            streams=streams,
            max_batch=max_batch,
            size=size,
            deadline_s=deadline_s,
            timeout_s=timeout_s,
        )
        task = asyncio.create_task(batcher.serve())
        try:
            yield batcher
        finally:
            network.gate.set()
            task.cancel()


async def ask(batcher: Batcher[int, int], item: int) -> int:
    async with batcher.slot() as slot:
        return await batcher.infer(item, slot)


def test_every_item_gets_its_own_result() -> None:
    async def scenario() -> None:
        network = Network()
        network.gate.set()
        async with serving(network, max_batch=4, size=100) as batcher:
            assert await asyncio.gather(*(ask(batcher, item) for item in range(50))) == [
                2 * item for item in range(50)
            ]
            assert batcher.depth == 0

    asyncio.run(scenario())


def test_idle_network_starts_at_once_and_a_busy_one_collects_a_batch() -> None:
    async def scenario() -> None:
        network = Network()
        async with serving(network, max_batch=4) as batcher:
            first = asyncio.create_task(ask(batcher, 0))
            await eventually(lambda: network.batches == [[0]])
            rest = [asyncio.create_task(ask(batcher, item)) for item in range(1, 7)]
            await eventually(lambda: batcher.depth == 6)
            network.gate.set()
            await asyncio.gather(first, *rest)
            assert network.batches == [[0], [1, 2, 3, 4], [5, 6]]
            assert network.told == [(1, None), (4, None), (2, None)]

    asyncio.run(scenario())


def test_streams_run_in_parallel() -> None:
    async def scenario() -> None:
        network = Network()
        async with serving(network, streams=2) as batcher:
            asked = [asyncio.create_task(ask(batcher, item)) for item in range(4)]
            await eventually(lambda: len(network.batches) == 2)
            await eventually(lambda: batcher.depth == 2)
            network.gate.set()
            assert await asyncio.gather(*asked) == [0, 2, 4, 6]
            assert sorted(network.batches) == [[0], [1], [2], [3]]

    asyncio.run(scenario())


def test_full_queue_rejects_with_a_time_to_retry() -> None:
    async def scenario() -> None:
        network = Network()
        async with serving(network, size=2) as batcher:
            running = asyncio.create_task(ask(batcher, 0))
            await eventually(lambda: network.batches == [[0]])
            waiting = [asyncio.create_task(ask(batcher, item)) for item in (1, 2)]
            await eventually(lambda: batcher.depth == 2)
            with pytest.raises(QueueFull) as refusal:
                await ask(batcher, 3)
            assert refusal.value.retry_after is not None
            assert refusal.value.retry_after >= 1
            network.gate.set()
            assert await asyncio.gather(running, *waiting) == [0, 2, 4]
            assert await ask(batcher, 5) == 10

    asyncio.run(scenario())


def test_cancelled_item_does_not_reach_the_network() -> None:
    async def scenario() -> None:
        network = Network()
        async with serving(network) as batcher:
            running = asyncio.create_task(ask(batcher, 0))
            await eventually(lambda: network.batches == [[0]])
            gone, staying = (asyncio.create_task(ask(batcher, item)) for item in (1, 2))
            await eventually(lambda: batcher.depth == 2)
            gone.cancel()
            await eventually(lambda: batcher.depth == 1)
            network.gate.set()
            assert [await running, await staying] == [0, 4]
            assert network.batches == [[0], [2]]

    asyncio.run(scenario())


def test_deadline_applies_to_waiting_items_only() -> None:
    async def scenario() -> None:
        network = Network()
        async with serving(network, deadline_s=0.05) as batcher:
            running = asyncio.create_task(ask(batcher, 0))
            await eventually(lambda: network.batches == [[0]])
            with pytest.raises(DeadlinePassed):
                await ask(batcher, 1)
            network.gate.set()
            assert await running == 0
            assert network.batches == [[0]]

    asyncio.run(scenario())


@pytest.mark.parametrize("failure", [EngineError("out of memory"), RuntimeError("driver gone")])
def test_failure_reaches_its_whole_batch_only(failure: Exception) -> None:
    async def scenario() -> None:
        network = Network(failure=failure)
        async with serving(network, max_batch=2) as batcher:
            first = asyncio.create_task(ask(batcher, 0))
            await eventually(lambda: network.batches == [[0]])
            rest = [asyncio.create_task(ask(batcher, item)) for item in (1, 2)]
            await eventually(lambda: batcher.depth == 2)
            network.gate.set()
            results = await asyncio.gather(first, *rest, return_exceptions=True)
            assert [type(result) for result in results] == [EngineError] * 3
            assert [size for size, error in network.told if error] == [1, 2]
            network.failure = None
            assert await ask(batcher, 4) == 8

    asyncio.run(scenario())


@pytest.mark.parametrize("results", [0, 1, 3])
def test_wrong_number_of_results_fails_the_batch(results: int) -> None:
    async def scenario() -> None:
        network = Network(results=results)
        async with serving(network, max_batch=2) as batcher:
            first = asyncio.create_task(ask(batcher, 0))
            await eventually(lambda: network.batches == [[0]])
            rest = [asyncio.create_task(ask(batcher, item)) for item in (1, 2)]
            await eventually(lambda: batcher.depth == 2)
            network.gate.set()
            outcomes = await asyncio.gather(first, *rest, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes[1:]] == [EngineError] * 2
            network.results = None
            assert await ask(batcher, 4) == 8

    asyncio.run(scenario())


@pytest.mark.parametrize("streams", [1, 2])
def test_error_in_the_loop_fails_all_waiting_items(streams: int) -> None:
    """An error of the loop is reported to its batch, to other streams' batches and to waiting items."""

    async def scenario() -> None:
        network = Network(telling=LookupError("unforeseen"))
        with ThreadPoolExecutor(streams + 1) as threads:
            batcher = made(network, threads, streams=streams, size=8)
            loop = asyncio.create_task(batcher.serve())
            asked = [asyncio.create_task(ask(batcher, item)) for item in range(5)]
            await eventually(lambda: len(network.batches) == streams)
            network.gate.set()
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [EngineError] * 5
            assert batcher.depth == 0
            with pytest.raises(ExceptionGroup):
                await loop
            network.telling = None
            again = asyncio.create_task(batcher.serve())
            assert await asyncio.gather(*(ask(batcher, item) for item in range(5))) == [0, 2, 4, 6, 8]
            again.cancel()

    asyncio.run(scenario())


def test_hanging_network_times_out() -> None:
    async def scenario() -> None:
        network = Network()
        async with serving(network, timeout_s=0.05) as batcher:
            with pytest.raises(EngineError, match=r"timed out after 0\.05 s"):
                await ask(batcher, 0)
            network.gate.set()
            assert await ask(batcher, 1) == 2

    asyncio.run(scenario())
