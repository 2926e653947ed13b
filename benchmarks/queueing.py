"""A queueing model of the service.

A simulation of discrete events, after `app.batcher` and `app.pipeline`: slots that are taken from a request's
arrival until the network starts on its image, a pool of threads that reads images and writes masks, streams
of the network. It answers which share of the requests gets 429 or 504, and how long the others wait, at an
arrival rate, with given service times.
`benchmarks.overload` prints its figures and holds it against the service.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random

from .report import summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the model takes from the service. Times in seconds; the defaults are those of two processors.

    Attributes:
        network_s: Seconds of a batch in a stream, whatever its size.
        prepare_s, finish_s: Seconds of an image in a thread of the pool, before and after the network.
        streams: Batches in the network at a time.
        max_batch: Images in one batch.
        workers: Threads of the pool.
        queue_size, deadline_s: As in the settings.
    """

    network_s: float
    prepare_s: float = 0.0
    finish_s: float = 0.0
    streams: int = 2
    max_batch: int = 1
    workers: int = 2
    queue_size: int = 64
    deadline_s: float = 30.0

    @property
    def capacity(self) -> float:
        """Requests a second that the network, or the pool, can do."""
        pool_s = self.prepare_s + self.finish_s
        network = self.streams * self.max_batch / self.network_s
        return min(network, self.workers / pool_s) if pool_s else network

    @property
    def overload_latency_s(self) -> float:
        """Seconds until the answer to a request that took the last slot."""
        return self.queue_size / self.capacity + self.network_s + self.finish_s


@dataclass(slots=True, eq=False)
class _Request:
    arrived: float
    begun: bool = False
    expired: bool = False
    decoding: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of all requests: statuses, and the latencies of those that got 200, in ms."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)

    def share(self, status: int) -> float:
        """Return the share of the requests with this status."""
        return self.statuses[status] / self.statuses.total()

    def percentile(self, name: str) -> float:
        """Return ``p50``, ``p95`` or ``p99`` in ms; not a number where no request got 200."""
        found = summarise(self.latencies_ms)[name]
        return float("nan") if found is None else found


def constant(rate: float, seconds: float) -> Iterator[float]:
    """Yield the times of arrivals at equal distances, as the load generator sends them."""
    for index in range(max(1, round(rate * seconds))):
        yield index / rate


def poisson(rate: float, seconds: float, *, seed: int = 0) -> Iterator[float]:
    """Yield the times of arrivals that know nothing of each other, as those of many clients."""
    random, now = Random(seed), 0.0
    while (now := now + random.expovariate(rate)) < seconds:
        yield now


class Simulation:
    """One service with its queue; `run` takes it through arrivals."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._outcome = Outcome()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._now = 0.0
        self._slots = 0
        self._decoded = 0
        self._streams = service.streams
        self._threads = service.workers
        self._undecoded: deque[_Request] = deque()
        self._tasks: deque[tuple[float, Callable[[], None]]] = deque()
        self._ready: deque[_Request] = deque()
        # As in `app.pipeline`: the images in the network, a batch that is ready, and those in the pool.
        ready = service.streams if service.max_batch == 1 else service.max_batch
        self._most_decoded = service.streams * service.max_batch + ready + service.workers

    def run(self, arrivals: Iterator[float]) -> Outcome:
        """Return what came of requests that arrive at these times, in seconds."""
        for time in arrivals:
            self._at(time, self._arrive)
        while self._events:
            self._now, _, event = heapq.heappop(self._events)
            event()
        return self._outcome

    def _at(self, time: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._order), event))

    def _arrive(self) -> None:
        if self._slots >= self._service.queue_size:
            self._outcome.statuses[429] += 1
            return
        self._slots += 1
        request = _Request(self._now)
        self._undecoded.append(request)
        self._at(self._now + self._service.deadline_s, partial(self._expire, request))
        self._admit()

    def _admit(self) -> None:
        while self._undecoded and self._decoded < self._most_decoded:
            request = self._undecoded.popleft()
            if not request.expired:
                self._decoded += 1
                request.decoding = True
                self._pool(self._service.prepare_s, partial(self._prepared, request))

    def _pool(self, seconds: float, done: Callable[[], None]) -> None:
        self._tasks.append((seconds, done))
        self._work()

    def _work(self) -> None:
        while self._threads and self._tasks:
            seconds, done = self._tasks.popleft()
            self._threads -= 1
            self._at(self._now + seconds, partial(self._release, done))

    def _release(self, done: Callable[[], None]) -> None:
        self._threads += 1
        done()
        self._work()

    def _prepared(self, request: _Request) -> None:
        if not request.expired:
            self._ready.append(request)
            self._infer()

    def _infer(self) -> None:
        while self._streams and self._ready:
            batch: list[_Request] = []
            while self._ready and len(batch) < self._service.max_batch:
                request = self._ready.popleft()
                if not request.expired:
                    request.begun = True
                    self._slots -= 1
                    batch.append(request)
            if batch:
                self._streams -= 1
                self._at(self._now + self._service.network_s, partial(self._inferred, batch))

    def _inferred(self, batch: list[_Request]) -> None:
        self._streams += 1
        for request in batch:
            self._pool(self._service.finish_s, partial(self._finished, request))
        self._infer()

    def _finished(self, request: _Request) -> None:
        self._outcome.statuses[200] += 1
        self._outcome.latencies_ms.append(1000 * (self._now - request.arrived))
        self._decoded -= 1
        self._admit()

    def _expire(self, request: _Request) -> None:
        if request.begun:
            return
        request.expired = True
        self._outcome.statuses[504] += 1
        self._slots -= 1
        self._decoded -= request.decoding
        self._admit()


def simulate(service: Service, arrivals: Iterator[float]) -> Outcome:
    """Return what comes of requests that arrive at these times."""
    return Simulation(service).run(arrivals)
