"""A service in a separate process."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.app.waiting import wait_until

ROOT = Path(__file__).parents[2]


class Service:
    """A running service.

    Args:
        folder: for its log and its temporary files.
        checkpoint: what it serves; None: a stand-in for the network that takes no time.
        prefix: a command that runs the service's.
        engine_s: seconds that the stand-in takes after all.
        settings: of the service.
    """

    def __init__(
        self,
        folder: Path,
        *,
        checkpoint: Path | None = None,
        prefix: Sequence[str] = (),
        engine_s: float = 0,
        **settings: object,
    ) -> None:
        self.log = folder / "log"
        self.spool = folder / "spool"
        self.spool.mkdir(exist_ok=True)
        (folder / "go").touch()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PLEURA_")}
        environment |= {"TMPDIR": str(self.spool), "PLEURA_PORT": "0"}
        environment |= {f"PLEURA_{name.upper()}": str(value) for name, value in settings.items()}
        if checkpoint is None:
            program = ["-m", "tests.app.serving", str(folder), str(engine_s)]
        else:
            program = ["-m", "pleura_cli", "serve"]
            environment["PLEURA_CHECKPOINT"] = str(checkpoint.resolve())
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, *program], cwd=ROOT, env=environment, stderr=log, stdout=log
            )
        wait_until(lambda: "running on" in self.log.read_text() or not self.alive, within_s=120)
        found = re.search(r"running on http://127.0.0.1:(\d+)", self.log.read_text())
        assert found is not None, self.log.read_text()
        self.port = int(found[1])
        wait_until(lambda: self.status("GET", "/readyz") == 200, within_s=300)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def connection(self, timeout: float = 120) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case and body of an answer, on a new connection."""
        connection = self.connection()
        try:
            return ask(connection, method, path, body, headers)
        finally:
            connection.close()

    def status(self, method: str, path: str, body: bytes | None = None) -> int:
        return self.request(method, path, body)[0]

    def metric(self, line: str) -> float:
        """The value of the metric that ``line`` begins with; 0 where there is none yet."""
        text = self.request("GET", "/metrics")[2].decode()
        found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def memory_mb(self, kind: str = "VmRSS") -> float:
        """Resident memory in MB; ``VmHWM`` is its peak."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{kind}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024 / 1e6

    def stop(self) -> int:
        """The exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case and body of an answer."""
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def form(**files: bytes) -> tuple[bytes, dict[str, str]]:
    """A multipart body of these files, and its headers."""
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%b"; filename="x"\r\n\r\n%b\r\n'
        % (name.encode(), data)
        for name, data in files.items()
    ]
    return b"".join(parts) + b"--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Service]:
    """A service that ends with the context."""
    service = Service(folder, **options)
    try:
        yield service
    finally:
        service.kill()
