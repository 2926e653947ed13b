"""The process: signals, exit codes, and what remains on disk."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.app.fakes import dicom, encode, picture
from tests.app.raw import connected, head
from tests.app.waiting import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
IMAGE = encode(picture())


class Process:
    """A running service."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.log = folder / "log"
        environment = {
            **os.environ,
            "PLEURA_PORT": "0",
            "TMPDIR": str(folder),
            **{f"PLEURA_{name.upper()}": str(value) for name, value in settings.items()},
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.app.serving", str(folder)],
                cwd=ROOT,
                env=environment,
                stderr=log,
                stdout=log,
            )
        wait_until(
            lambda: "running on" in self.log.read_text() or self._process.poll() is not None, within_s=60
        )
        found = re.search(r"running on http://127.0.0.1:(\d+)", self.log.read_text())
        assert found is not None, self.log.read_text()
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def go(self) -> None:
        (self.folder / "go").touch()

    def hold(self) -> None:
        (self.folder / "go").unlink()
        (self.folder / "entered").unlink()

    def entered(self) -> None:
        wait_until((self.folder / "entered").exists)

    def ready(self) -> None:
        wait_until(lambda: httpx.get(f"{self.url}/readyz").status_code == 200)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def terminate(self) -> None:
        self.signal(signal.SIGTERM)

    def exit_code(self) -> int:
        return self._process.wait(30)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    with ExitStack() as stack:

        def make(**settings: object) -> Process:
            process = Process(tmp_path, **settings)
            stack.callback(process.kill)
            return process

        yield make


def post(process: Process) -> int:
    return httpx.post(f"{process.url}/segment", content=IMAGE, timeout=30).status_code


def test_sigterm_finishes_running_requests_and_exits_with_0(start: Callable[..., Process]) -> None:
    process = start(grace_period_s=20)
    process.go()
    process.ready()
    process.hold()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(post, process)
        process.entered()
        process.terminate()
        wait_until(lambda: httpx.get(f"{process.url}/readyz").status_code == 503)
        assert post(process) == 503
        process.go()
        assert running.result() == 200
    assert process.exit_code() == 0


def test_sigterm_ends_an_idle_service(start: Callable[..., Process]) -> None:
    process = start()
    process.go()
    process.ready()
    process.terminate()
    assert process.exit_code() == 0


def test_sigterm_ends_a_loading_service(start: Callable[..., Process]) -> None:
    process = start()
    process.entered()
    assert httpx.get(f"{process.url}/readyz").status_code == 503
    assert httpx.get(f"{process.url}/healthz").status_code == 200
    process.terminate()
    assert process.exit_code() == 0


def test_sigterm_ends_a_service_with_a_hanging_engine_and_a_partial_upload(
    start: Callable[..., Process],
) -> None:
    process = start(grace_period_s=0.2)
    process.go()
    process.ready()
    process.hold()
    with ThreadPoolExecutor() as threads, connected(process.port, head(length=99) + b"half"):
        running = threads.submit(post, process)
        process.entered()
        process.terminate()
        assert running.result() == 503
        assert process.exit_code() == 0


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_nothing_of_an_image_remains_on_disk_or_in_the_log(
    start: Callable[..., Process], log_format: str
) -> None:
    process = start(log_format=log_format, api_key="k")
    process.go()
    process.ready()
    planted = b"DOE^JANE"
    large = IMAGE + planted * 300_000
    header = dicom(picture())
    key = {"Authorization": "Bearer k"}
    for content in (large, planted * 300_000, header, header + planted * 300_000, header[:-100]):
        form = {"image": (planted.decode(), content)}
        for media in ("application/json", "image/png", "application/dicom"):
            accept = key | {"Accept": media, "X-Request-ID": "DOE^JANE"}
            httpx.post(f"{process.url}/segment", files=form, headers=accept, timeout=30)
        httpx.post(f"{process.url}/segment?name=DOE&threshold=DOE", files=form, headers=key, timeout=30)
        mask = encode(picture()) + planted * 300_000
        httpx.post(f"{process.url}/evaluate", files=form | {"mask": ("DOE", mask)}, headers=key, timeout=30)
        httpx.post(f"{process.url}/segment", files=form, headers={"Authorization": "Bearer DOE"}, timeout=30)
        httpx.post(f"{process.url}/DOE", content=content, headers={"X-Patient": "DOE"}, timeout=30)
    metrics = httpx.get(f"{process.url}/metrics").text
    process.terminate()
    assert process.exit_code() == 0
    assert "DOE" not in metrics
    assert "request" in process.log.read_text()
    for path in process.folder.rglob("*"):
        assert b"DOE" not in path.read_bytes(), path


def test_sighup_reloads_the_checkpoint(start: Callable[..., Process]) -> None:
    process = start()
    process.go()
    process.ready()
    process.signal(signal.SIGHUP)
    wait_until(lambda: "reloaded" in process.log.read_text())
    assert post(process) == 200
    assert 'pleura_reloads_total{outcome="done"} 1.0' in httpx.get(f"{process.url}/metrics").text
    process.terminate()
    assert process.exit_code() == 0
