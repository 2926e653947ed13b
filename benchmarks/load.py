"""The load generator, in a separate process: ``python -m benchmarks.load JSON``.

Closed loop: each of ``concurrency`` connections sends its next request when it has the answer to the
last. That finds the throughput. Open loop: requests come at a constant rate whether or not earlier ones
were answered, and each latency counts from the moment the request was due, so that time in any queue is
in it.

A service's own connections, between its processes, may have died while it was stopped: its first responses
then have status 500. So both loops count from the first responses with 200.

Requests are made beforehand and sent as they are: what the generator itself takes from the processors
is told as ``cpu_s``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import h11

from .processes import end_with_parent

TIMEOUT_S = 60.0
TRIES = 20
"""Requests until the first 200, at the most, before a loop counts all the same."""
PAUSE_S = 0.1
"""Between these."""


class Connection(asyncio.Protocol):
    """One connection that is kept; one request at a time."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._parser = h11.Connection(h11.CLIENT)
        self._answer: asyncio.Future[int] | None = None
        self._status = 0
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._parser.receive_data(data)
        while True:
            event = self._parser.next_event()
            if isinstance(event, h11.Response):
                self._status = event.status_code
            elif isinstance(event, h11.EndOfMessage):
                self._end()
                return
            elif not isinstance(event, h11.Data | h11.InformationalResponse):
                return

    def _end(self) -> None:
        if self._parser.their_state is h11.MUST_CLOSE:
            self.close()
        else:
            self._parser.start_next_cycle()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(self._status)

    async def send(self, request: bytes) -> int:
        """Send a request and return the status of the complete response."""
        # The parser only has to know that a request was sent: the bytes are made already.
        self._parser.send(
            h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")])
        )
        self._parser.send(h11.EndOfMessage())
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await asyncio.wait_for(self._answer, TIMEOUT_S)
        except (TimeoutError, ConnectionError):
            self.close()
            raise

    def close(self) -> None:
        """End the connection."""
        self.closed = True
        self._transport.close()


class Load:
    """What is sent where, and what came of it. Connections are made to the ports in turn."""

    def __init__(self, ports: Sequence[int], request: bytes) -> None:
        self._ports = cycle(ports)
        self._request = request
        self._idle: list[Connection] = []
        self.latencies_ms: list[float] = []
        self.failures: Counter[str] = Counter()
        self.sent = 0

    async def one(self, due: float | None = None) -> float | None:
        """Send one request and return its latency in ms; None if it failed."""
        start = time.perf_counter() if due is None else due
        self.sent += 1
        try:
            connection = await self._connection()
            status = await connection.send(self._request)
        except (OSError, TimeoutError) as error:
            self.failures[type(error).__name__] += 1
            return None
        if not connection.closed:
            self._idle.append(connection)
        if status != 200:
            self.failures[str(status)] += 1
            return None
        return (time.perf_counter() - start) * 1000

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(Connection, "127.0.0.1", next(self._ports))
        return made

    async def _first(self) -> None:
        """Send requests, one after another, until one gets 200 or there were too many."""
        until = time.perf_counter() + TIMEOUT_S
        for _ in range(TRIES):
            if await self.one() is not None or time.perf_counter() > until:
                return
            await asyncio.sleep(PAUSE_S)

    def close(self) -> None:
        """End the connections that are left."""
        for connection in self._idle:
            connection.close()

    async def closed(self, *, concurrency: int, seconds: float) -> float:
        """Run a closed loop; return the seconds measured after every connection has had its first 200.

        Slow services answer in bursts, all connections at about the same time: however few the seconds,
        as many answers are awaited as there are connections.
        """
        warm = answers = 0
        begun: float | None = None
        ended = False
        finished = 0.0

        async def client() -> None:
            nonlocal warm, answers, begun, ended, finished
            await self._first()
            warm += 1
            if warm == concurrency:
                self.failures.clear()
                begun = time.perf_counter()
            while not ended:
                latency = await self.one()
                if begun is None or ended:
                    continue
                answers += 1
                if latency is not None:
                    self.latencies_ms.append(latency)
                finished = time.perf_counter() - begun
                ended = (finished >= seconds and answers >= concurrency) or finished >= TIMEOUT_S

        await asyncio.gather(*(client() for _ in range(concurrency)))
        return finished

    async def open(self, *, rate: float, seconds: float) -> float:
        """Run an open loop after a first 200; return the seconds over which requests were sent."""
        await self._first()
        self.failures.clear()
        start = time.perf_counter() + 0.05
        running = []

        async def arrival(due: float) -> None:
            latency = await self.one(due)
            if latency is not None:
                self.latencies_ms.append(latency)

        for index in range(max(1, round(rate * seconds))):
            due = start + index / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            running.append(asyncio.create_task(arrival(due)))
        await asyncio.gather(*running)
        return seconds


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Run a plan: ``ports``, ``request`` (a file), ``seconds``, and ``concurrency`` or ``rate``."""
    load = Load(plan["ports"], Path(plan["request"]).read_bytes())
    before = time.process_time()
    if "rate" in plan:
        seconds = await load.open(rate=plan["rate"], seconds=plan["seconds"])
    else:
        seconds = await load.closed(concurrency=plan["concurrency"], seconds=plan["seconds"])
    load.close()
    return {
        "seconds": seconds,
        "latencies_ms": load.latencies_ms,
        "failures": dict(load.failures),
        "sent": load.sent,
        "cpu_s": time.process_time() - before,
    }


if __name__ == "__main__":
    end_with_parent()
    import uvloop

    print(json.dumps(uvloop.run(run(json.loads(sys.argv[1])))))
