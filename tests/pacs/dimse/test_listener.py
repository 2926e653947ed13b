"""The listener, with dcmtk on both sides."""

import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pacs.address import Address, Peer
from pacs.worker import Outcome
from tests.app.fakes import picture
from tests.app.waiting import wait_until
from tests.pacs.conftest import Lines
from tests.pacs.dimse.conftest import FORMS, Door, StoreScp, program, saved, store
from tests.pacs.radiographs import PATIENT, broken, radiograph, read, slice_of_ct, uids
from tests.pacs.segmenters import NoLungEngine, trusting

pytestmark = pytest.mark.slow

NOBODY = Peer("NOBODY", Address("127.0.0.1", 9))

MakeDoor = Callable[..., Door]


def test_a_film_comes_back_in_every_form(archive: StoreScp, open_door: MakeDoor, tmp_path: Path) -> None:
    source = radiograph()
    door = open_door(archive.peer)
    sent = store(door.port, saved(source, tmp_path / "films"))
    assert sent.returncode == 0, sent.stderr
    wait_until(lambda: len(archive.results()) == len(FORMS), within_s=60)
    results = {result.Modality: result for result in archive.results()}
    assert set(results) == {"SEG", "OT", "PR", "SR"}
    assert {one.StudyInstanceUID for one in results.values()} == {read(source).StudyInstanceUID}
    wait_until(lambda: door.queue.depth() == {"instances": 0})
    queue = tmp_path / "queue"
    # The files go after the entry in the queue.
    wait_until(lambda: not any(file for part in ("received", "results") for file in (queue / part).iterdir()))
    assert not any((queue / "incoming").iterdir())


def test_it_answers_an_echo(open_door: MakeDoor) -> None:
    door = open_door(NOBODY, works=False)
    subprocess.run([program("echoscu"), "-aec", "PLEURA", "127.0.0.1", str(door.port)], check=True)


def test_another_called_title_is_rejected(open_door: MakeDoor) -> None:
    door = open_door(NOBODY, works=False)
    answer = subprocess.run(
        [program("echoscu"), "-aec", "OTHER", "127.0.0.1", str(door.port)], check=False, capture_output=True
    )
    assert answer.returncode != 0


def test_a_calling_title_that_is_not_listed_is_rejected(open_door: MakeDoor, tmp_path: Path) -> None:
    door = open_door(NOBODY, works=False, calling=("CR1", "DX1"))
    film = saved(radiograph(), tmp_path / "films")
    assert store(door.port, film, options=("-aet", "OTHER")).returncode != 0
    wait_until(lambda: door.rejected == [("OTHER", "127.0.0.1")])
    assert door.queue.depth() == {"instances": 0}
    assert store(door.port, film, options=("-aet", "DX1")).returncode == 0
    assert door.queue.depth() == {"instances": 1}


def test_a_film_that_is_sent_twice_is_processed_once(
    archive: StoreScp, open_door: MakeDoor, tmp_path: Path
) -> None:
    door = open_door(archive.peer)
    film = saved(radiograph(), tmp_path / "films")
    for _ in range(2):
        assert store(door.port, film).returncode == 0
        wait_until(lambda: door.queue.depth() == {"instances": 0}, within_s=60)
    assert door.service.ends.total() == 1
    assert len(archive.results()) == len(FORMS)


def test_another_modality_is_not_accepted(open_door: MakeDoor, tmp_path: Path) -> None:
    door = open_door(NOBODY, works=False)
    assert store(door.port, saved(slice_of_ct(), tmp_path / "films")).returncode != 0
    assert door.queue.depth() == {"instances": 0}


def test_a_film_that_cannot_be_used_does_not_stop_the_others(
    archive: StoreScp, open_door: MakeDoor, tmp_path: Path, lines: Lines
) -> None:
    door = open_door(archive.peer)
    films = [saved(data, tmp_path / "films") for data in (broken(), radiograph())]
    assert store(door.port, *films).returncode == 0
    wait_until(lambda: len(archive.results()) == len(FORMS), within_s=60)
    wait_until(lambda: door.service.ends.total() == 2)
    assert {end.outcome for end in door.service.ends} == {Outcome.PASSED_OVER, Outcome.STORED}
    assert not any(word in line for word in PATIENT for line in lines.lines)


def test_a_film_without_a_lung_has_no_results(archive: StoreScp, open_door: MakeDoor, tmp_path: Path) -> None:
    door = open_door(archive.peer, segmenter=trusting(NoLungEngine()))
    assert store(door.port, saved(radiograph(picture()), tmp_path / "films")).returncode == 0
    wait_until(lambda: door.service.ends.total() == 1, within_s=60)
    assert {end.outcome for end in door.service.ends} == {Outcome.WITHHELD}
    assert archive.results() == []


def test_the_sender_s_title_can_be_selected(archive: StoreScp, open_door: MakeDoor, tmp_path: Path) -> None:
    door = open_door(archive.peer, works=False)
    assert store(door.port, saved(radiograph(), tmp_path / "films"), options=("-aet", "DX1")).returncode == 0
    instance = door.queue.instances.next()
    assert instance is not None
    assert instance.ae == ("DX1",)


def test_the_folder_for_temporary_files_is_given_back(open_door: MakeDoor) -> None:
    before = tempfile.gettempdir()
    door = open_door(NOBODY, works=False)
    assert Path(tempfile.gettempdir()).is_relative_to(door.queue.incoming)
    with socket.create_connection(("127.0.0.1", door.port)):
        wait_until(lambda: door.listener.associations > 0)
        door.close()
    assert tempfile.gettempdir() == before


def test_a_full_queue_tells_the_sender_so(open_door: MakeDoor, tmp_path: Path) -> None:
    door = open_door(NOBODY, works=False, max_queued=2)
    films = [saved(radiograph(None, **uids()), tmp_path / "films") for _ in range(3)]
    assert store(door.port, *films[:2]).returncode == 0
    answer = store(door.port, films[2])
    assert "Refused: OutOfResources" in answer.stdout + answer.stderr
    assert door.queue.depth() == {"instances": 2}
    assert list((tmp_path / "queue" / "incoming").iterdir()) == []
    instance = door.queue.instances.next()
    assert instance is not None
    door.queue.instances.finish(instance.uid)
    assert store(door.port, films[2]).returncode == 0


def test_an_instance_over_the_limit_is_cut_off(open_door: MakeDoor, tmp_path: Path) -> None:
    import numpy as np

    door = open_door(NOBODY, works=False, max_mb=1)
    huge = radiograph(np.zeros((1200, 1200), np.uint8))
    assert store(door.port, saved(huge, tmp_path / "films")).returncode != 0
    assert door.queue.depth() == {"instances": 0}
    wait_until(lambda: not any((tmp_path / "queue" / "incoming").iterdir()))
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0


def test_connections_that_ask_for_nothing_hold_no_association(open_door: MakeDoor) -> None:
    door = open_door(NOBODY, works=False, max_associations=1)
    for _ in range(20):
        socket.create_connection(("127.0.0.1", door.port), 20).close()
    wait_until(lambda: door.listener.associations == 0, within_s=10)
    subprocess.run([program("echoscu"), "-aec", "PLEURA", "127.0.0.1", str(door.port)], check=True)


def test_more_associations_than_allowed_are_rejected(open_door: MakeDoor) -> None:
    from pynetdicom import AE

    door = open_door(NOBODY, works=False, max_associations=2)
    wait_until(lambda: door.listener.associations == 0)
    caller = AE("DX1")
    caller.add_requested_context("1.2.840.10008.1.1")
    calls = [caller.associate("127.0.0.1", door.port, ae_title="PLEURA") for _ in range(3)]
    assert [call.is_established for call in calls] == [True, True, False]
    for call in calls[:2]:
        call.release()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\x01\x00\x00",
        b"\x01\x00\xff\xff\xff\xff",
        b"\x01\x00\x00\x00\x01\x00" + bytes(100),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_a_peer_that_says_nothing_or_nonsense_is_cut_off(sent: bytes, open_door: MakeDoor) -> None:
    door = open_door(NOBODY, works=False, idle_s=0.5)
    with socket.create_connection(("127.0.0.1", door.port), 20) as caller:
        caller.sendall(sent)
        while caller.recv(1000):
            pass
    subprocess.run([program("echoscu"), "-aec", "PLEURA", "127.0.0.1", str(door.port)], check=True)


def test_an_association_that_is_cut_leaves_nothing_in_the_queue(open_door: MakeDoor, tmp_path: Path) -> None:
    door = open_door(NOBODY, works=False)
    with socket.create_connection(("127.0.0.1", door.port), 20) as caller:
        caller.sendall(b"\x04\x00\x00\x00\x00\x0a" + bytes(4))
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0
    assert door.queue.depth() == {"instances": 1}
