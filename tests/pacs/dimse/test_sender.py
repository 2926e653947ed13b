"""The sender: a destination that is away, refuses, is short of resources, or commits itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, evt
from pynetdicom.events import Event

from model.writing.dicom.forms import Form
from pacs import postponed
from pacs.address import Address, Peer
from pacs.dimse.sop_classes import COMMITMENT, SENT
from tests.app.waiting import wait_until
from tests.pacs.conftest import Lines
from tests.pacs.dimse.conftest import Door, StoreScp, saved, store
from tests.pacs.orthanc import Orthanc, free_port
from tests.pacs.radiographs import radiograph

pytestmark = pytest.mark.slow

MakeDoor = Callable[..., Door]


class Destination:
    """A Storage SCP that answers with ``status``; with ``commits`` it takes requests for commitment, too."""

    def __init__(self, *, commits: bool = False, sop_classes: tuple[str, ...] = SENT) -> None:
        self.status, self.port = 0x0000, free_port()
        self.stored: list[str] = []
        self.asked: list[tuple[str, list[str]]] = []
        ae = AE("ARCHIVE")
        for sop_class in sop_classes:
            ae.add_supported_context(sop_class)
        if commits:
            ae.add_supported_context(COMMITMENT)
        handlers: list[Any] = [(evt.EVT_C_STORE, self._store), (evt.EVT_N_ACTION, self._action)]
        self._server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)

    @property
    def peer(self) -> Peer:
        return Peer("ARCHIVE", Address("127.0.0.1", self.port))

    def _store(self, event: Event) -> int:
        self.stored.append(str(event.dataset.SOPInstanceUID))
        return self.status

    def _action(self, event: Event) -> tuple[int, None]:
        request = event.action_information
        uids = [str(item.ReferencedSOPInstanceUID) for item in request.ReferencedSOPSequence]
        self.asked.append((str(request.TransactionUID), uids))
        return 0x0000, None

    def answer(self, port: int, *, kept: bool) -> int:
        """Answer the last request, in an association of its own, as PS3.4 J.3.3 has it."""
        from pydicom import Dataset
        from pynetdicom import build_role

        transaction, uids = self.asked[-1]
        information = Dataset()
        information.TransactionUID = transaction
        items = []
        for uid in uids:
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = SENT[0], uid
            if not kept:
                item.FailureReason = 0x0110
            items.append(item)
        setattr(information, "ReferencedSOPSequence" if kept else "FailedSOPSequence", items)
        ae = AE("ARCHIVE")
        ae.add_requested_context(COMMITMENT)
        call = ae.associate(
            "127.0.0.1", port, ae_title="PLEURA", ext_neg=[build_role(COMMITMENT, scp_role=True)]
        )
        assert call.is_established
        status, _ = call.send_n_event_report(information, 1 if kept else 2, COMMITMENT, f"{COMMITMENT}.1")
        call.release()
        return int(status.Status)

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()


@pytest.fixture
def make_destination() -> Iterator[Callable[..., Destination]]:
    made: list[Destination] = []

    def make(**options: Any) -> Destination:
        made.append(Destination(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_results_wait_for_a_destination_that_is_away(open_door: MakeDoor, tmp_path: Path) -> None:
    port = free_port()
    door = open_door(Peer("ARCHIVE", Address("127.0.0.1", port)), forms=(Form.SEG,))
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0
    wait_until(lambda: door.queue.depth() == {"instances": 0, "results_waiting": 1}, within_s=60)
    archive = StoreScp(tmp_path / "archive", port=port)
    try:
        wait_until(lambda: len(archive.results()) == 1, within_s=60)
        wait_until(lambda: door.queue.depth() == {"instances": 0})
    finally:
        archive.kill()


def test_a_result_that_is_refused_is_kept_and_sent_after_a_restart(
    open_door: MakeDoor, make_destination: Callable[..., Destination], tmp_path: Path, lines: Lines
) -> None:
    destination = make_destination()
    destination.status = 0xA900
    door = open_door(destination.peer, forms=(Form.SEG,))
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0
    wait_until(lambda: door.queue.depth() == {"instances": 0, "results_refused": 1}, within_s=60)
    assert "status A900" in lines.about("refused by the destination")[0]
    door.close()
    destination.status = 0x0000
    again = open_door(destination.peer, forms=(Form.SEG,))
    wait_until(lambda: again.queue.depth() == {"instances": 0}, within_s=60)
    assert len(set(destination.stored)) == 1


def test_a_destination_short_of_resources_is_asked_again_later(
    open_door: MakeDoor,
    make_destination: Callable[..., Destination],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postponed, "FIRST_S", 0.1)
    destination = make_destination()
    destination.status = 0xA700
    door = open_door(destination.peer, forms=(Form.SEG,))
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0
    wait_until(lambda: len(destination.stored) >= 2, within_s=60)
    destination.status = 0x0000
    wait_until(lambda: door.queue.depth() == {"instances": 0}, within_s=60)
    assert len(set(destination.stored)) == 1


def test_a_sop_class_that_is_not_accepted_does_not_stop_the_others(
    open_door: MakeDoor, make_destination: Callable[..., Destination], tmp_path: Path
) -> None:
    destination = make_destination(sop_classes=SENT[2:])
    door = open_door(destination.peer, forms=(Form.SEG, Form.SC))
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0
    wait_until(lambda: door.queue.depth() == {"instances": 0, "results_refused": 1}, within_s=60)
    assert len(destination.stored) == 1


def test_a_result_is_kept_until_the_destination_commits_itself(
    open_door: MakeDoor, make_destination: Callable[..., Destination], tmp_path: Path
) -> None:
    destination = make_destination(commits=True)
    door = open_door(destination.peer, forms=(Form.SEG, Form.SR))
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0
    wait_until(lambda: sum(len(uids) for _, uids in destination.asked) == 2, within_s=60)
    wait_until(lambda: door.queue.depth() == {"instances": 0, "results_sent": 2})
    for index in range(len(destination.asked)):
        destination.asked.append(destination.asked[index])
        assert destination.answer(door.port, kept=True) == 0x0000
    assert door.queue.depth() == {"instances": 0}


@pytest.fixture
def asked(
    open_door: MakeDoor, make_destination: Callable[..., Destination], tmp_path: Path
) -> tuple[Door, Destination]:
    """A listener with one result, and the destination that was asked to commit itself to it."""
    destination = make_destination(commits=True)
    door = open_door(destination.peer, forms=(Form.SEG,))
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0
    wait_until(lambda: bool(destination.asked), within_s=60)
    wait_until(lambda: door.queue.depth() == {"instances": 0, "results_sent": 1})
    return door, destination


def test_a_result_that_the_destination_does_not_keep_is_sent_again(asked: tuple[Door, Destination]) -> None:
    door, destination = asked
    assert destination.answer(door.port, kept=False) == 0x0000
    assert door.queue.depth() == {"instances": 0, "results_waiting": 1}


def test_an_answer_to_another_transaction_changes_nothing(asked: tuple[Door, Destination]) -> None:
    door, destination = asked
    destination.asked.append(("1.2.3", destination.asked[-1][1]))
    destination.answer(door.port, kept=True)
    assert door.queue.depth() == {"instances": 0, "results_sent": 1}


def test_orthanc_commits_itself_to_what_it_stored(
    make_orthanc: Callable[..., Orthanc], open_door: MakeDoor, tmp_path: Path, lines: Lines
) -> None:
    port = free_port()
    door = open_door(Peer("ORTHANC", Address("127.0.0.1", port)), forms=(Form.SEG, Form.SR))
    orthanc = make_orthanc(dicom_port=port, modalities={"pleura": ["PLEURA", "127.0.0.1", door.port]}).start()
    assert store(door.port, saved(radiograph(), tmp_path / "films")).returncode == 0
    wait_until(lambda: door.queue.depth() == {"instances": 0}, within_s=60)
    wait_until(lambda: len(lines.about(" committed ")) == 2)
    assert len(orthanc.files("SEG")) == len(orthanc.files("SR")) == 1
