"""`pleura serve` in a separate process."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def serving(log: Path, **settings: str) -> Iterator[httpx.Client]:
    """Yield a client of the service on a CPU once it is ready; ``settings`` are environment variables."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PLEURA_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("pleura")), "serve", "--port", str(port), "--device", "cpu"],
            env=environment | settings,
            stdout=output,
            stderr=output,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
            _wait_until_ready(client, process, log)
            yield client
    finally:
        process.terminate()
        assert process.wait(60) == 0


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text())
