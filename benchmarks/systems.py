"""The measured services: how each is started, called and stopped, and its memory use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from model.threads import available_cpus
from model.weights import BUNDLED, checkpoint_file

from .checkout import python_path
from .images import RESULTS, Picture
from .processes import cpu_s, family, kept, peak_bytes

ROOT = Path(__file__).parents[1]

START_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A service that makes masks of radiographs.

    Attributes:
        name: In the table.
        family: What its variants have in common.
        command, environment: ``{port}`` stands for the port; the environment comes beside that of this
            process.
        path: Where images are posted.
        form_field: Name of the file in a form; None sends the image as the body.
        ready: Path that answers 200 once it serves.
        processes: How many times the command is started, each on its own port.
    """

    name: str
    family: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    path: str
    form_field: str | None
    ready: str
    processes: int = 1

    def request(self, picture: Picture) -> bytes:
        """Return the bytes of a whole HTTP request."""
        body, kind = picture.data(), "image/jpeg" if picture.kind == "jpeg" else "image/png"
        if self.form_field is not None:
            boundary = uuid4().hex
            head = (
                f"--{boundary}\r\n"
                f'Content-Disposition: form-data; name="{self.form_field}"; filename="x.png"\r\n'
                f"Content-Type: {kind}\r\n\r\n"
            )
            body = head.encode() + body + f"\r\n--{boundary}--\r\n".encode()
            kind = f"multipart/form-data; boundary={boundary}"
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: image/png\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


@dataclass(slots=True)
class Running:
    """A service that was started; each port has a keeper, which is not measured."""

    system: System
    ports: tuple[int, ...]
    keepers: tuple[subprocess.Popen[bytes], ...]
    start_s: float

    def peak_mb(self) -> float:
        """Peak resident memory in MB (10⁶ bytes): the sum over its processes, so an upper bound."""
        return sum(map(peak_bytes, self._kept())) / 1e6

    def cpu_s(self) -> float:
        """Processor time so far, of all its processes."""
        return sum(map(cpu_s, self._kept()))

    def pause(self) -> None:
        """Stop all its processes, so that it takes nothing from what is measured now."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let its processes go on."""
        self._send(signal.SIGCONT)

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """Let a paused service run meanwhile."""
        self.resume()
        try:
            yield
        finally:
            self.pause()

    def _send(self, number: signal.Signals) -> None:
        for pid in self._kept():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _kept(self) -> list[int]:
        return [pid for keeper in self.keepers for pid in family(keeper.pid)[1:]]

    def request_file(self, picture: Picture) -> Path:
        """Write the request to a file."""
        path = RESULTS / "requests" / f"{self.system.family}-{picture.name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.system.request(picture))
        return path


@contextmanager
def started(system: System) -> Iterator[Running]:
    """Start a service, wait until it is ready, and stop all its processes at the end.

    Raises:
        RuntimeError: It does not become ready.
    """
    ports = _free_ports(system.processes)
    log = RESULTS / "logs" / f"{system.name.replace(' ', '-').replace('/', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    keepers: list[subprocess.Popen[bytes]] = []
    try:
        with log.open("wb") as output:
            keepers += (_keeper(system, port, output) for port in ports)
        waiting = ports
        while waiting := tuple(port for port in waiting if not _answers(port, system.ready)):
            ended = any(keeper.poll() is not None for keeper in keepers)
            if ended or time.perf_counter() - begun > START_S:
                raise RuntimeError(f"{system.name} does not start: see {log.name} among the logs.")
            time.sleep(0.02)
        running = Running(system, ports, tuple(keepers), time.perf_counter() - begun)
        try:
            yield running
        finally:
            # A process that is stopped cannot end.
            running.resume()
    finally:
        for keeper in keepers:
            keeper.terminate()
        for keeper in keepers:
            keeper.wait()


def _free_ports(count: int) -> tuple[int, ...]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return tuple(free.getsockname()[1] for free in sockets)


def _keeper(system: System, port: int, output: BinaryIO) -> subprocess.Popen[bytes]:
    environment = {name: value.replace("{port}", str(port)) for name, value in system.environment.items()}
    return subprocess.Popen(
        kept([part.replace("{port}", str(port)) for part in system.command]),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _answers(port: int, path: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
            )
            return connection.recv(12).endswith(b"200")
    except OSError:
        return False


def served_checkpoint() -> Path:
    """Return the file of the checkpoint that ``PLEURA_CHECKPOINT`` names; by default the bundled one."""
    return checkpoint_file(Path(os.environ.get("PLEURA_CHECKPOINT") or BUNDLED)).resolve()


def pleura(
    checkpoint: Path | None, *, device: str, tree: Path = ROOT, name: str = "Pleura", processes: int = 1
) -> System:
    """Return Pleura as ``pleura serve`` starts it, with default settings.

    Args:
        checkpoint: None serves the one that is bundled with the code.
        device: ``cpu`` or ``cuda``.
        tree: Folder of the code.
        name: In the table.
        processes: How many times it is started, each on its own port, with its share of the threads.
    """
    served = {} if checkpoint is None else {"PLEURA_CHECKPOINT": str(checkpoint)}
    if processes > 1:
        served["PLEURA_WORKERS"] = str(max(1, available_cpus() // processes))
    return System(
        name=name,
        family="pleura",
        command=(
            *("env", "-C", str(tree)),
            *(sys.executable, "-m", "pleura_cli", "serve", "--port", "{port}"),
        ),
        environment={"PLEURA_DEVICE": device, "PYTHONPATH": python_path(tree), **served},
        path="/segment",
        form_field=None,
        ready="/readyz",
        processes=processes,
    )
