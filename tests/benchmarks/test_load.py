"""The load generator, against a service in the same process that fails as it is told."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

import pytest

from benchmarks import load
from benchmarks.load import Load

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


class Answering(asyncio.Protocol):
    """A connection to the service: a request gets 500 if its number, from 0, is one that fails."""

    def __init__(self, numbers: "count[int]", fails: Callable[[int], bool]) -> None:
        self._numbers = numbers
        self._fails = fails
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert data == REQUEST
        status = b"500" if self._fails(next(self._numbers)) else b"200"
        answer = b"HTTP/1.1 " + status + b" x\r\nContent-Length: 0\r\n\r\n"
        asyncio.get_running_loop().call_later(0.001, self._transport.write, answer)


def loaded(fails: Callable[[int], bool], kind: Callable[[Load], Coroutine[Any, Any, float]]) -> Load:
    """Return a load generator after a closed or an open loop."""

    async def run() -> Load:
        numbers = count()
        loop = asyncio.get_running_loop()
        async with await loop.create_server(lambda: Answering(numbers, fails), "127.0.0.1", 0) as server:
            generator = Load([server.sockets[0].getsockname()[1]], REQUEST)
            await kind(generator)
            generator.close()
            # Until the service has seen it.
            await asyncio.sleep(0.05)
            return generator

    return asyncio.run(run())


def closed(generator: Load) -> Coroutine[Any, Any, float]:
    return generator.closed(concurrency=4, seconds=0.1)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PAUSE_S", 0.001)


def test_a_closed_loop_counts_when_each_connection_has_had_200() -> None:
    found = loaded(lambda number: number < 10, closed)
    assert not found.failures
    assert len(found.latencies_ms) >= 4


def test_failures_within_a_closed_loop_are_counted() -> None:
    found = loaded(lambda number: number % 2 == 1, closed)
    assert set(found.failures) == {"500"}
    assert found.latencies_ms


def test_a_service_that_always_fails_does_not_hold_a_loop_up() -> None:
    found = loaded(lambda _: True, closed)
    assert found.latencies_ms == []
    assert found.failures["500"] >= 4
    assert found.sent >= 4 * load.TRIES + found.failures["500"]


def test_an_open_loop_counts_from_the_first_200() -> None:
    found = loaded(lambda number: number < 3, lambda generator: generator.open(rate=100, seconds=0.1))
    assert not found.failures
    assert len(found.latencies_ms) == 10
    assert found.sent == 14
