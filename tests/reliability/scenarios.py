"""Fault injection for the service, one function per scenario.

Each raises `AssertionError` on a failure, and otherwise returns a sentence on what happened.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event

import cv2
import numpy as np

from tests.app.fakes import encode, picture
from tests.app.waiting import wait_until
from tests.reliability.clients import LoadGenerator, Probes, SlowClients
from tests.reliability.service import Service, ask, form, running

SMALL_DISK = (
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o size=3m tmpfs "$TMPDIR" && exec "$@"',
    "sh",
)
"""Runs a command whose temporary folder is a disk of 3 MB; only for root on Linux."""

PNG = {"Accept": "image/png"}


def large_image() -> bytes:
    """A PNG of 2 MB: kept on the disk while it arrives."""
    return encode(np.random.default_rng(0).integers(100, 250, (1400, 1500), np.uint8))


def overload(checkpoint: Path | None, *, seconds: float, engine_s: float = 0.05) -> str:
    """Ten times the capacity, in open loop."""
    image = encode(picture())
    with (
        TemporaryDirectory() as folder,
        running(Path(folder), checkpoint=checkpoint, engine_s=engine_s, queue_size=32) as service,
    ):
        capacity = _capacity(service, image, seconds=min(5.0, seconds))
        before = service.memory_mb()
        load, probes = LoadGenerator(service, image), Probes(service)
        with probes.asking():
            asyncio.run(load.send(rate=10 * capacity, seconds=seconds))
        assert not load.faults, load.faults[:5]
        assert set(load.statuses) == {200, 429}, load.statuses
        assert len(load.bodies) == 1, "masks differ"
        assert set(probes.statuses) == {("/healthz", 200), ("/readyz", 200)}, probes.statuses
        assert probes.faults == 0
        assert service.status("POST", "/segment", image) == 200, "not back to normal"
        assert service.metric("pleura_queue_depth") == 0
        return (
            f"{10 * capacity:.0f} requests/s for {seconds:.0f} s at a capacity of {capacity:.1f}/s: "
            f"{load.summary(200)}, {load.summary(429)}; {probes.summary()}; memory {before:.0f} MB before, "
            f"{service.memory_mb():.0f} after, peak {service.memory_mb('VmHWM'):.0f}; the next request 200"
        )


def slow_clients(checkpoint: Path | None, *, connections: int) -> str:
    """Slow clients, clients that leave and clients that read no answer, among normal ones."""
    image = encode(picture())
    with (
        TemporaryDirectory() as folder,
        running(
            Path(folder), checkpoint=checkpoint, header_timeout_s=2, upload_timeout_s=2, max_uploads=32
        ) as service,
    ):
        normal, refused = 0, Counter[int]()
        files = _open_files(service)
        clients, probes = SlowClients(service, image), Probes(service)
        with probes.asking():
            for index in range(connections):
                clients.once()
                if index % 5 == 0:
                    status = service.status("POST", "/segment", image)
                    normal += 1
                    refused[status] += status != 200
            # Clients that keep a slot lose it at their deadline, not by leaving.
            wait_until(lambda: service.metric("pleura_uploads") == 0, within_s=30)
            wait_until(lambda: service.metric("pleura_queue_depth") == 0, within_s=30)
        wait_until(lambda: _open_files(service) <= files + 3, within_s=30)
        clients.close()
        assert set(+refused) <= {429}, refused
        assert service.status("POST", "/segment", image) == 200
        assert probes.faults == 0
        assert set(probes.statuses) == {("/healthz", 200), ("/readyz", 200)}, probes.statuses
        ran = service.metric("pleura_batch_size_sum")
        return (
            f"{connections} connections of slow clients "
            f"({', '.join(f'{number} {way}' for way, number in clients.done.items())}); "
            f"of {normal} normal requests {normal - refused.total()} got 200 and {refused[429]} got 429 for "
            "too many uploads; afterwards no upload, no slot and no connection was held, the network had "
            f"run {ran:.0f} images; {probes.summary()}"
        )


def full_disk(checkpoint: Path | None, *, uploads: int) -> str:
    """Uploads of more than 2 MB each, with a folder of 3 MB for them."""
    large, small = large_image(), encode(picture())
    with (
        TemporaryDirectory() as folder,
        running(Path(folder), checkpoint=checkpoint, prefix=SMALL_DISK, upload_timeout_s=20) as service,
    ):

        def send(index: int) -> tuple[bool, int]:
            if index % 4 == 3:
                return False, service.status("POST", "/segment", small)
            if index % 2:
                return True, service.request("POST", "/evaluate", *form(image=large, mask=large))[0]
            return True, service.status("POST", "/segment", large)

        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(send, range(uploads)))
        of_large = Counter(status for is_large, status in statuses if is_large)
        of_small = Counter(status for is_large, status in statuses if not is_large)
        assert set(of_large) <= {200, 507}, of_large
        assert of_large[507], "the disk was never full"
        assert set(of_small) == {200}, of_small
        status, headers, body = service.request("POST", "/evaluate", *form(image=large, mask=large))
        assert status == 507, status
        assert b"no disk space for this upload" in body, body
        assert headers["content-type"] == "application/problem+json"
        assert service.status("POST", "/segment", large) == 200, "the disk was not freed"
        return (
            f"{uploads} uploads into 3 MB: of the large ones {of_large[200]} got 200 and {of_large[507]} "
            f"got 507, the {of_small[200]} small ones 200; then a large one 200 again"
        )


def kills(checkpoint: Path | None, *, times: int) -> str:
    """SIGKILL at random moments of a busy service; its supervisor starts it again."""
    random, large = Random(0), large_image()
    answers: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        for _ in range(times):
            with running(Path(folder), checkpoint=checkpoint) as service, _busy(service, large) as traffic:
                time.sleep(random.uniform(0, 0.5))
                traffic.stopping.set()
                service.kill()
            answers.update(traffic.answers)
            assert not list(service.spool.iterdir()), "an upload was left behind"
        with running(Path(folder), checkpoint=checkpoint) as service:
            assert service.status("POST", "/segment", large) == 200
            assert service.stop() == 0
    assert set(answers) <= {"200", "lost", "late"}, answers
    return (
        f"{times} × SIGKILL under load: nothing was left on the disk, each next start served; "
        f"answers {dict(answers)}"
    )


def stops(checkpoint: Path | None, *, times: int) -> str:
    """SIGTERM at random moments of a busy service."""
    random, large = Random(1), large_image()
    answers: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        for _ in range(times):
            with running(Path(folder), checkpoint=checkpoint) as service, _busy(service, large) as traffic:
                time.sleep(random.uniform(0, 0.5))
                traffic.stopping.set()
                assert service.stop() == 0
            answers.update(traffic.answers)
    assert set(answers) <= {"200", "503", "late"}, answers
    return (
        f"{times} × SIGTERM under load: exit code 0 each time; answers {dict(answers)}, "
        "no running request was lost"
    )


def reloads(checkpoint: Path | None, *, times: int) -> str:
    """SIGHUP at random moments of a busy service, with good and bad checkpoints in turn."""
    random, image = Random(2), encode(picture())
    with TemporaryDirectory() as folder:
        parts: list[Path] = []
        served = None
        if checkpoint is not None:
            served = Path(folder) / checkpoint.name
            # The checkpoint, and the weights of its exported model where there is one.
            for part in checkpoint.parent.glob(f"{checkpoint.stem}.*"):
                shutil.copy(part, folder)
                if part == checkpoint or part.suffix == ".bin":
                    parts.append(Path(folder) / part.name)
        with running(Path(folder), checkpoint=served) as service:
            with _busy(service, image) as traffic:
                for index in range(times):
                    with _damage(parts, random) if index % 2 == 0 else nullcontext():
                        outcome = "refused" if parts and index % 2 == 0 else "done"
                        line = f'pleura_reloads_total{{outcome="{outcome}"}}'
                        before = service.metric(line)
                        service.process.send_signal(signal.SIGHUP)
                        wait_until(partial(_has_grown, service, line, before), within_s=120)
            done, refused = (
                service.metric(f'pleura_reloads_total{{outcome="{outcome}"}}')
                for outcome in ("done", "refused")
            )
            counted = Counter(traffic.answers)
            assert set(counted) == {"200"}, counted
            return (
                f"{times} × SIGHUP under load: {done:.0f} swapped, {refused:.0f} truncated or altered ones "
                f"refused; {counted['200']} requests, all 200; memory {service.memory_mb():.0f} MB at the "
                f"end, peak {service.memory_mb('VmHWM'):.0f}"
            )


def _has_grown(service: Service, line: str, before: float) -> bool:
    return service.metric(line) > before


@contextmanager
def _damage(parts: list[Path], random: Random) -> Iterator[None]:
    """Truncate one of the files, or flip one bit of it, inside the context."""
    if not parts:
        yield
        return
    damaged = random.choice(parts)
    whole, at = damaged.read_bytes(), random.randrange(1000, damaged.stat().st_size)
    altered = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    _rename_into(damaged, random.choice([whole[:at], altered]))
    try:
        yield
    finally:
        _rename_into(damaged, whole)


def _rename_into(path: Path, data: bytes) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(data)
    beside.replace(path)


def long_outlines(*, times: int) -> str:
    """Evaluations with the longest and most distant outlines: a grid of specks in a ring.

    Only the stand-in sees specks; a network that was trained sees no lung, and there would be no outline
    to measure.
    """
    image, small = _specks_and_ring(), encode(picture())
    with TemporaryDirectory() as folder, running(Path(folder)) as service:
        before, probes, counted = service.memory_mb(), Probes(service), Counter[int]()
        slowest = 0.0
        with probes.asking(), ThreadPoolExecutor(2) as threads:
            hostile = [
                threads.submit(service.request, "POST", "/evaluate?postprocess=false&mask=none", *image)
                for _ in range(times)
            ]
            while not all(one.done() for one in hostile):
                began = time.monotonic()
                counted[service.status("POST", "/segment", small)] += 1
                slowest = max(slowest, time.monotonic() - began)
        answers = [one.result() for one in hostile]
        assert {status for status, _, _ in answers} == {200}
        documents = [json.loads(body) for _, _, body in answers]
        assert all(document["lungs"]["right"] or document["lungs"]["left"] for document in documents), (
            "no specks"
        )
        measured = sum(document["metrics"]["hd95_px"] is not None for document in documents)
        assert set(counted) == {200}, counted
        assert probes.faults == 0
        assert set(probes.statuses) == {("/healthz", 200), ("/readyz", 200)}, probes.statuses
        return (
            f"{times} evaluations of outlines that take long: all 200, {measured} measured and "
            f"{times - measured} given up in time; meanwhile {counted[200]:,} segmentations, all 200, "
            f"slowest {slowest:.1f} s; {probes.summary()}; memory {before:.0f} MB before, "
            f"{service.memory_mb():.0f} after"
        )


def _specks_and_ring() -> tuple[bytes, dict[str, str]]:
    """A form with an image that the stand-in takes for specks, and the truth that a ring is what is lung."""
    specks = np.full((64, 64), 200, np.uint8)
    specks[20:44:2, 20:44:2] = 40
    ring = np.zeros((3000, 3000), np.uint8)
    cv2.circle(ring, (1500, 1500), 1490, 255, 4)
    return form(image=encode(np.kron(specks, np.ones((47, 47), np.uint8))[:3000, :3000]), mask=encode(ring))


def _capacity(service: Service, image: bytes, *, seconds: float) -> float:
    """Requests a second with two clients that each wait for their answers."""
    start, done = time.monotonic(), Counter[int]()

    def client(index: int) -> None:
        connection = service.connection()
        while time.monotonic() - start < seconds:
            assert ask(connection, "POST", "/segment", image, PNG)[0] == 200
            done[index] += 1
        connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(client, range(2)))
    return done.total() / (time.monotonic() - start)


@dataclass
class Traffic:
    """Return the results of four sequential clients: a status, or ``"lost"`` for a missing answer.
    ``"late"`` are those who came when the service was stopping already, and found it gone.
    """

    answers: list[str] = field(default_factory=list)
    stopping: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    def client(self, service: Service, image: bytes) -> None:
        """One of them."""
        while not self.over.is_set():
            late = self.stopping.is_set()
            connection = service.connection()
            try:
                self.answers.append(str(ask(connection, "POST", "/segment", image)[0]))
            except (OSError, http.client.HTTPException):
                self.answers.append("late" if late else "lost")
                if late or not service.alive:
                    return
            finally:
                connection.close()


@contextmanager
def _busy(service: Service, image: bytes) -> Iterator[Traffic]:
    """Four clients at work for as long as the context lasts."""
    traffic = Traffic()
    with ThreadPoolExecutor(4) as threads:
        clients = [threads.submit(traffic.client, service, image) for _ in range(4)]
        wait_until(lambda: bool(traffic.answers), within_s=60)
        try:
            yield traffic
        finally:
            traffic.over.set()
            for one in clients:
                one.result()


def _open_files(service: Service) -> int:
    return len(list(Path(f"/proc/{service.process.pid}/fd").iterdir()))
