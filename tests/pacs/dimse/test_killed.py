"""What survives SIGKILL."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pacs.dimse.queue import Admission, Queue
from pacs.errors import PacsError
from tests.pacs.dimse.killed import ROOT
from tests.pacs.radiographs import radiograph, read

pytestmark = pytest.mark.slow


def test_each_result_arrives_exactly_once_however_often_the_listener_is_killed() -> None:
    command = [sys.executable, "-m", "tests.pacs.dimse.killed", "--films", "8", "--kills", "3"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def make_queue(tmp_path: Path) -> Callable[[], Queue]:
    return lambda: Queue(tmp_path / "queue", most=10, largest=1000)


def arrive(queue: Queue, uid: str, data: bytes = b"x") -> Admission:
    file = queue.incoming / "tmp.dcm"
    file.write_bytes(data)
    return queue.admit(uid, file, sender="DX1")


def test_a_file_without_an_acknowledgement_is_deleted_at_the_next_start(
    make_queue: Callable[[], Queue], tmp_path: Path
) -> None:
    queue = make_queue()
    arrive(queue, "1.2.3")
    queue.close()
    for folder in ("incoming", "received", "results"):
        (tmp_path / "queue" / folder / "left").write_bytes(b"x")
    again = make_queue()
    for folder in ("incoming", "received", "results"):
        assert not (tmp_path / "queue" / folder / "left").exists()
    instance = again.instances.next()
    assert instance is not None
    assert again.fetch(instance) == b"x"
    again.close()


def test_a_finished_instance_is_known_after_a_restart(make_queue: Callable[[], Queue]) -> None:
    queue = make_queue()
    assert arrive(queue, "1.2.3") is Admission.TAKEN
    queue.instances.finish("1.2.3")
    queue.close()
    again = make_queue()
    assert arrive(again, "1.2.3") is Admission.KNOWN
    assert again.instances.next() is None
    again.close()


def test_a_result_that_was_made_before_the_crash_is_not_made_again(make_queue: Callable[[], Queue]) -> None:
    queue = make_queue()
    made = read(radiograph())
    queue.store(made, study="")
    queue.close()
    again = make_queue()
    assert again.has_series("", made.SeriesInstanceUID)
    (outgoing,) = again.results.due(10)
    assert outgoing.uid == made.SOPInstanceUID
    assert outgoing.path.exists()
    again.close()


def test_two_processes_cannot_use_one_queue(make_queue: Callable[[], Queue]) -> None:
    queue = make_queue()
    with pytest.raises(PacsError, match="Another process uses the queue"):
        make_queue()
    queue.close()


def test_a_uid_from_the_network_cannot_leave_the_folder(
    make_queue: Callable[[], Queue], tmp_path: Path
) -> None:
    queue = make_queue()
    assert arrive(queue, "../../../outside") is Admission.TAKEN
    assert [
        path.parent.name for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == b"x"
    ] == ["received"]
    queue.close()
