"""A service of several processes: they start, are loaded, paused and ended together."""

import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import images, measure, systems
from benchmarks.images import Picture
from benchmarks.processes import family
from benchmarks.systems import Running, System, started

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")

SERVICE = """
import os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

folder, port = Path(sys.argv[1]), int(sys.argv[2])
(folder / f"process-{os.getpid()}").touch()
if "broken" in sys.argv:
    try:
        (folder / "first").mkdir()
    except FileExistsError:
        pass
    else:
        while len(list(folder.glob("process-*"))) < 3:
            time.sleep(0.01)
        sys.exit(1)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        (folder / f"asked-{port}").touch()
        self.do_GET()

ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of requests, logs and what the processes leave."""
    for module in (images, systems):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    return tmp_path


def three(folder: Path, *words: str) -> System:
    return System(
        name="three",
        family="three",
        command=(sys.executable, "-c", SERVICE, str(folder), "{port}", *words),
        path="/",
        form_field=None,
        ready="/",
        processes=3,
    )


@pytest.fixture
def service(folder: Path) -> Iterator[Running]:
    with started(three(folder)) as running:
        yield running


def processes(service: Running) -> list[int]:
    return [pid for keeper in service.keepers for pid in family(keeper.pid)[1:]]


def silent(port: int) -> bool:
    """Return whether nothing answers at the port for a while."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=0.3).close()
    except TimeoutError:
        return True
    return False


def test_connections_are_spread_over_all_processes(service: Running, folder: Path) -> None:
    found = measure.load(service, Picture(64, "png8"), seconds=0.1, concurrency=3)
    assert found["failures"] == {}
    assert {path.name for path in folder.glob("asked-*")} == {f"asked-{port}" for port in service.ports}
    assert len(set(service.ports)) == 3


def test_memory_and_processor_time_are_sums(service: Running) -> None:
    service.pause()
    alone = [replace(service, keepers=(keeper,)) for keeper in service.keepers]
    assert min(each.peak_mb() for each in alone) > 5
    assert service.peak_mb() == pytest.approx(sum(each.peak_mb() for each in alone), rel=0.01)
    assert service.cpu_s() == pytest.approx(sum(each.cpu_s() for each in alone))


def test_all_processes_are_paused_and_go_on(service: Running) -> None:
    service.pause()
    assert all(silent(port) for port in service.ports)
    with service.resumed():
        for port in service.ports:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20).close()
    assert all(silent(port) for port in service.ports)


def test_all_processes_end(folder: Path) -> None:
    with started(three(folder)) as service:
        pids = processes(service)
        service.pause()
    assert len(pids) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_one_that_does_not_start_ends_the_others(folder: Path) -> None:
    with pytest.raises(RuntimeError, match="three does not start"), started(three(folder, "broken")):
        pass
    pids = [int(path.name.removeprefix("process-")) for path in folder.glob("process-*")]
    assert len(pids) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
