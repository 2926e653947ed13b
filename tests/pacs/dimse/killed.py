"""A listener that is killed again and again while films arrive: ``python -m tests.pacs.dimse.killed``.

Films are sent until each has been acknowledged, as a modality does. In the end the destination must have
every result exactly once.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from threading import Event, Thread

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.events import Event as Received

from pacs.dimse.sop_classes import RECEIVED, SENT
from tests.app.waiting import wait_until
from tests.pacs.orthanc import free_port
from tests.pacs.radiographs import radiograph, read, uids

ROOT = Path(__file__).parents[3]


class Destination:
    """Counts what it is sent, by SOP Instance UID, and of which film and form it is."""

    def __init__(self) -> None:
        self.port = free_port()
        self.times: Counter[str] = Counter()
        self.of: dict[str, tuple[str, str]] = {}
        self.content: dict[str, set[int]] = {}
        ae = AE("ARCHIVE")
        for sop_class in SENT:
            ae.add_supported_context(sop_class, ExplicitVRLittleEndian)
        self._server = ae.start_server(
            ("127.0.0.1", self.port), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )

    def _store(self, event: Received) -> int:
        made = event.dataset
        uid = str(made.SOPInstanceUID)
        self.times[uid] += 1
        self.of[uid] = (str(made.StudyInstanceUID), str(made.Modality))
        self.content.setdefault(uid, set()).add(hash(event.encoded_dataset(include_meta=False)))
        return 0x0000

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()


class Killed:
    """The listener's process."""

    def __init__(self, folder: Path, destination: int, forms: str) -> None:
        self.port = free_port()
        self._folder, self._destination, self._forms = folder, destination, forms
        self.start()

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.pacs.dimse.listening", "pacs"),
                    *("--listen", f"127.0.0.1:{self.port}", "--queue", str(self._folder / "queue")),
                    *("--send-to", f"ARCHIVE@127.0.0.1:{self._destination}", "--form", self._forms),
                    *("--body-part", "*", "--view", "*"),
                ],
                cwd=ROOT,
                env={**os.environ, "PLEURA_DIMSE_MAX_QUEUED": "100000"},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)


def send(films: list[Dataset], port: int, acknowledged: set[str], stop: Event) -> None:
    """Send films until each was acknowledged; after a broken association, again."""
    ae = AE("DX1")
    ae.connection_timeout = 5
    for sop_class in RECEIVED:
        ae.add_requested_context(sop_class, ExplicitVRLittleEndian)
    while not stop.is_set() and (left := [film for film in films if film.SOPInstanceUID not in acknowledged]):
        association = ae.associate("127.0.0.1", port, ae_title="PLEURA")
        if not association.is_established:
            stop.wait(0.1)
            continue
        try:
            for film in left:
                if association.send_c_store(film).get("Status") == 0x0000:
                    acknowledged.add(str(film.SOPInstanceUID))
                if not association.is_established:
                    break
        except (RuntimeError, ValueError):
            # The listener was killed.
            continue
        association.release()


def run(folder: Path, *, films: int, kills: int, forms: str = "seg,sr", seed: int = 0) -> None:
    """Send films, kill the listener, and check the destination.

    Raises:
        AssertionError: a result is missing, has two UIDs, or two contents.
    """
    chance = random.Random(seed)
    sources = [read(radiograph(None, **uids())) for _ in range(films)]
    destination = Destination()
    listener = Killed(folder, destination.port, forms)
    acknowledged: set[str] = set()
    stop = Event()
    sending = Thread(target=send, args=[sources, listener.port, acknowledged, stop], daemon=True)
    sending.start()
    expected = films * len(forms.split(","))
    try:
        for number in range(1, kills + 1):
            # At a moment within the work: when so many films or results have passed.
            at = chance.uniform(0.9 * (number - 1), 0.9 * number) / kills
            by_results = chance.random() < 0.5
            wait_until(
                lambda at=at, by_results=by_results: (  # type: ignore[misc]
                    len(destination.times) >= at * expected if by_results else len(acknowledged) >= at * films
                ),
                within_s=600,
            )
            listener.kill()
            listener.start()
        wait_until(lambda: len(destination.times) >= expected, within_s=600)
        sending.join(60)
    finally:
        stop.set()
        listener.kill()
        destination.close()
    results = Counter(destination.of.values())
    studies = {str(source.StudyInstanceUID) for source in sources}
    assert len(acknowledged) == films
    assert {study for study, _ in results} == studies
    assert len(results) == expected, f"{expected - len(results)} results are missing"
    assert set(results.values()) == {1}, "a result has two UIDs"
    assert all(len(contents) == 1 for contents in destination.content.values()), "one UID, two contents"


def main() -> None:
    """Run it as long as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), films=given.films, kills=given.kills, seed=given.seed)
    print(f"{given.films} films, {given.kills} kills: each result exactly once")  # noqa: T201


if __name__ == "__main__":
    main()
