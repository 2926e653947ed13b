"""The command itself: what it does on signals, when it is killed, and while the archive is away."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.app.waiting import wait_until
from tests.pacs.orthanc import Orthanc
from tests.pacs.radiographs import PATIENT, broken, radiograph, read

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


class Process:
    """A running watcher, whose engine may be held."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.log = folder / "watcher.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.pacs.watching", str(folder), "pacs", *arguments],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )

    def logged(self, words: str) -> None:
        """Wait until the log has these words."""
        wait_until(lambda: words in self.log.read_text() or self._process.poll() is not None, within_s=90)
        assert words in self.log.read_text(), self.log.read_text()

    def entered(self) -> None:
        wait_until((self.folder / "entered").exists, within_s=90)

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        return self._process.wait(90)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    with ExitStack() as stack:

        def make(*arguments: str, held: bool = False, **environment: str) -> Process:
            if not held:
                (tmp_path / "go").touch()
            process = Process(tmp_path, *arguments, **environment)
            stack.callback(process.kill)
            return process

        yield make


def sources(orthanc: Orthanc) -> list[str]:
    return [
        read(file).ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID
        for file in orthanc.files("SEG")
    ]


def test_sigterm_finishes_the_current_instance(orthanc: Orthanc, start: Callable[..., Process]) -> None:
    for _ in range(2):
        orthanc.upload(radiograph())
    process = start("--url", orthanc.url, "--watch", held=True)
    process.entered()
    process.terminate()
    (process.folder / "go").touch()
    assert process.exit_code() == 0
    assert len(sources(orthanc)) == 1


def test_watcher_killed_after_a_store_does_not_store_twice(
    orthanc: Orthanc, start: Callable[..., Process]
) -> None:
    for data in (radiograph(), broken(), radiograph(), radiograph()):
        orthanc.upload(data)
    process = start("--url", orthanc.url)
    (process.folder / "die").touch()
    assert process.exit_code() == -signal.SIGKILL
    assert len(sources(orthanc)) == 1
    (process.folder / "die").unlink()
    again = start("--url", f"{orthanc.url}/")
    assert again.exit_code() == 0
    assert len(sources(orthanc)) == len(set(sources(orthanc))) == 3
    text = again.log.read_text()
    for told in ("there_already=1", "stored=2", "passed_over=1", "put_off=0"):
        assert told in text
    assert "Traceback" not in text
    assert not [word for word in PATIENT if word in text]


def test_watcher_waits_for_an_archive_that_is_down(
    make_orthanc: Callable[..., Orthanc], start: Callable[..., Process]
) -> None:
    orthanc = make_orthanc()
    process = start("--url", orthanc.url, "--watch", "--interval", "1")
    process.logged("not available reason=no connection")
    orthanc.start()
    orthanc.upload(radiograph())
    process.logged("stored instance=")
    orthanc.stop()
    process.log.write_text("")
    process.logged("not available reason=no connection")
    orthanc.start()
    orthanc.upload(radiograph())
    process.logged("stored instance=")
    assert len(sources(orthanc)) == 2
    process.terminate()
    assert process.exit_code() == 0
