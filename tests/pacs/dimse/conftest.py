"""A listener in this process, and dcmtk's programs around it."""

from __future__ import annotations

import gc
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydicom import Dataset, dcmread

from model.segmenter import Segmenter
from model.writing.dicom.forms import Form
from pacs.address import Address, Peer
from pacs.dimse.listener import Listener
from pacs.dimse.queue import Queue
from pacs.dimse.sender import Sender
from pacs.dimse.service import Service
from pacs.dimse.settings import ListenSettings
from pacs.selection import Selection
from pacs.stop import Stop
from pacs.worker import Worker, WorkOptions
from tests.app.waiting import wait_until
from tests.pacs.orthanc import free_port
from tests.pacs.segmenters import trusting

FORMS = (Form.SEG, Form.SC, Form.GSPS, Form.SR)


def program(name: str) -> str:
    """The path of a program of dcmtk; skips the test where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install dcmtk")
    return found


class StoreScp:
    """dcmtk's storescp, which keeps what it gets in a folder."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        self.folder, self.port = folder, port or free_port()
        folder.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [
                program("storescp"),
                "--output-directory",
                str(folder),
                "--promiscuous",
                *options,
                str(self.port),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def peer(self) -> Peer:
        return Peer("ARCHIVE", Address("127.0.0.1", self.port))

    def results(self) -> list[Dataset]:
        found: list[Dataset] = []
        for path in sorted(self.folder.iterdir()):
            # storescp writes under the final name.
            try:
                found.append(dcmread(path))
            except Exception:
                continue
        return found

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)


class Door:
    """A listener, its worker and its sender."""

    def __init__(
        self,
        folder: Path,
        peer: Peer,
        *,
        segmenter: Segmenter | None = None,
        calling: tuple[str, ...] = (),
        forms: tuple[Form, ...] = FORMS,
        works: bool = True,
        tls: Any = None,
        **settings: Any,
    ) -> None:
        self.settings = ListenSettings(**settings)
        self.stop = Stop()
        self.rejected: list[tuple[str, str]] = []
        self.queue = Queue(
            folder, most=self.settings.max_queued, largest=min(self.settings.max_mb * 1_000_000, 10_000)
        )
        self.listener = Listener(
            self.queue,
            ae_title="PLEURA",
            calling=calling,
            settings=self.settings,
            tls=tls and tls[0],
            on_reject=lambda title, address: self.rejected.append((title, address)),
        )
        self.sender = Sender(
            self.queue,
            ae_title="PLEURA",
            peer=peer,
            stop=self.stop,
            timeout_s=self.settings.idle_s,
            tls=tls and tls[1],
        )
        options = WorkOptions(selection=Selection.of(body_part="*", view="*"), forms=tuple(forms))
        worker = Worker(self.queue, segmenter or trusting(), options)
        self.service = Service(self.queue, self.listener, worker, self.sender, self.stop)
        self.port = free_port()
        self._thread = Thread(target=self.service.run, args=[Address("127.0.0.1", self.port)])
        if works:
            self._thread.start()
        else:
            self.listener.start(Address("127.0.0.1", self.port))
        wait_until(self.listens)

    def listens(self) -> bool:
        import socket

        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self) -> None:
        if self.stop.wanted:
            return
        self.stop.want()
        if self._thread.is_alive():
            self._thread.join(60)
        else:
            self.listener.stop()
        self.queue.close()
        # pynetdicom leaves sockets that were never connected to the garbage collector.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


def store(port: int, *files: Path, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Send files by storescu."""
    return subprocess.run(
        [program("storescu"), "-v", "-aec", "PLEURA", *options, "127.0.0.1", str(port), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def saved(data: bytes, folder: Path) -> Path:
    """A file for storescu."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{dcmread(BytesIO(data)).SOPInstanceUID}.dcm"
    path.write_bytes(data)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[StoreScp]:
    made = StoreScp(tmp_path / "archive")
    yield made
    made.kill()


@pytest.fixture
def open_door(tmp_path: Path) -> Iterator[Callable[..., Door]]:
    with ExitStack() as stack:

        def make(peer: Peer, *, name: str = "queue", **options: Any) -> Door:
            made = Door(tmp_path / name, peer, **options)
            stack.callback(made.close)
            return made

        yield make
