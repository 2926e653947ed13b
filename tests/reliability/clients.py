"""Slow clients, a load generator, and probes that measure how the service answers meanwhile."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from threading import Event, Thread
from time import monotonic

from tests.app.raw import head
from tests.reliability.service import Service


class Probes:
    """Requests ``/healthz`` and ``/readyz`` repeatedly."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._over = Event()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.milliseconds: list[float] = []
        self.faults = 0

    @contextmanager
    def asking(self) -> Iterator[Probes]:
        """Send requests while the context lasts."""
        thread = Thread(target=self._ask)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def summary(self) -> str:
        """Return number and duration of the probes in words."""
        times = sorted(self.milliseconds) or [0.0]
        return (
            f"{len(self.milliseconds):,} probes, median {times[len(times) // 2]:.1f} ms, 99 % within "
            f"{times[len(times) * 99 // 100]:.0f} ms, slowest {times[-1]:.0f} ms, {self.faults} unanswered"
        )

    def _ask(self) -> None:
        while not self._over.is_set():
            for path in ("/healthz", "/readyz"):
                start = monotonic()
                try:
                    status = self._service.status("GET", path)
                except (OSError, http.client.HTTPException):
                    self.faults += 1
                    continue
                self.milliseconds.append((monotonic() - start) * 1000)
                self.statuses[path, status] += 1
            self._over.wait(0.02)


class SlowClients:
    """Opens connections and misuses them in one of `WAYS`."""

    WAYS = (
        "half of the headers",
        "half of the body",
        "one byte of the body",
        "close during the body",
        "close before the answer",
        "reset",
        "read nothing",
    )

    def __init__(self, service: Service, image: bytes, *, seed: int = 0) -> None:
        self._service = service
        self._image = image
        self._random = Random(seed)
        self._kept: list[socket.socket] = []
        self.done: Counter[str] = Counter()

    def once(self) -> None:
        """Open one connection, in a random way."""
        way = self._random.choice(self.WAYS)
        self.done[way] += 1
        with suppress(OSError):
            made = socket.create_connection(("127.0.0.1", self._service.port), timeout=5)
            whole = head(length=len(self._image)) + self._image
            cut = self._random.randrange(1, len(self._image))
            if way == "half of the headers":
                self._keep(made, whole[:20])
            elif way == "half of the body":
                self._keep(made, whole[:-cut])
            elif way == "one byte of the body":
                self._keep(made, head(length=len(self._image)))
                made.sendall(self._image[:1])
            elif way == "close during the body":
                made.sendall(whole[:-cut])
                made.close()
            elif way == "close before the answer":
                made.sendall(whole)
                made.close()
            elif way == "reset":
                made.sendall(whole)
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                made.close()
            else:
                self._keep(made, b"GET /docs-assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 3)

    def close(self) -> None:
        """Close the connections that are still open."""
        for one in self._kept:
            one.close()

    def _keep(self, connection: socket.socket, sent: bytes) -> None:
        connection.sendall(sent)
        self._kept.append(connection)


class LoadGenerator:
    """Send an image at a constant rate, independent of the answers (open loop), each on a new connection."""

    def __init__(self, service: Service, image: bytes) -> None:
        self._port = service.port
        accept = "Accept: image/png\r\nConnection: close\r\n"
        self._request = head(length=len(image), extra=accept) + image
        self.statuses: Counter[int] = Counter()
        self.milliseconds: dict[int, list[float]] = {}
        self.faults: list[str] = []
        self.bodies: set[bytes] = set()

    async def send(self, *, rate: float, seconds: float) -> None:
        """Send, and return when all requests are answered."""
        start, sent = monotonic(), []
        for index in range(round(rate * seconds)):
            due = start + index / rate
            await asyncio.sleep(max(0.0, due - monotonic()))
            sent.append(asyncio.create_task(self._one(due)))
        await asyncio.gather(*sent)

    def summary(self, status: int) -> str:
        """Return in words how many got this status, and the times since they were due."""
        times = sorted(self.milliseconds.get(status, [])) or [0.0]
        return (
            f"{self.statuses[status]:,} × {status} (median {times[len(times) // 2]:.0f} ms, 99 % within "
            f"{times[len(times) * 99 // 100]:.0f} ms, slowest {times[-1]:.0f} ms)"
        )

    async def _one(self, due: float) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(self._request)
            answer = await reader.read()
            writer.close()
        except OSError as error:
            self.faults.append(type(error).__name__)
            return
        start, _, body = answer.partition(b"\r\n\r\n")
        status = int(start.split()[1]) if start else 0
        self.statuses[status] += 1
        self.milliseconds.setdefault(status, []).append((monotonic() - due) * 1000)
        if status == 200:
            self.bodies.add(body)
        elif status == 429 and not re.search(rb"\r\nretry-after: [1-9]", start.lower()):
            self.faults.append("429 without Retry-After")
