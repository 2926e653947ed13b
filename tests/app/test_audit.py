"""The audit trail of the service."""

import json
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.access import SettingsError
from app.main import create_app
from app.settings import Settings
from logs.audit import AuditTrail
from tests.app.conftest import MakeClient
from tests.app.fakes import dicom, encode, picture, truth
from tests.app.waiting import wait_until
from tests.pacs.radiographs import PATIENT, read

KEY = "a key that nobody guesses"


def written(trail: Path, count: int) -> list[dict[str, Any]]:
    """The lines, when there are so many: each is written after its answer."""
    wait_until(lambda: len(trail.read_text().splitlines()) >= count)
    lines: list[dict[str, Any]] = [json.loads(line) for line in trail.read_text().splitlines()]
    assert len(lines) == count
    return lines


def outcome(line: dict[str, Any]) -> tuple[str, int, str]:
    event = line["EventIdentification"]
    return event["EventID"]["csd-code"], event["EventOutcomeIndicator"], event["EventOutcomeDescription"]


def test_each_request_is_a_line_with_hashed_uids(make_client: MakeClient, tmp_path: Path) -> None:
    trail, source = tmp_path / "audit.jsonl", dicom(picture())
    client = make_client(audit=str(trail), audit_key="secret")
    assert client.post("/segment", content=source).status_code == 200
    assert client.post("/radiograph.png", content=source).status_code == 200
    assert client.post("/segment", content=encode(picture())).status_code == 200
    assert client.post("/segment", content=b"no image").status_code == 415
    start, segmented, shown, png, broken = written(trail, 5)
    assert stat.S_IMODE(trail.stat().st_mode) == 0o600
    assert start["EventIdentification"]["EventTypeCode"]["csd-code"] == "110120"
    assert outcome(segmented) == ("110103", 0, "/segment 200")
    assert outcome(shown) == ("110103", 0, "/radiograph.png 200")
    assert outcome(broken)[:2] == ("110103", 4)
    assert outcome(broken)[2].startswith("/segment 415 ")
    same = AuditTrail(str(tmp_path / "other"), name="X", key="secret")
    hashed = same.hashed(str(read(source).SOPInstanceUID))
    same.close()
    for line in (segmented, shown):
        (instance,) = line["ParticipantObjectIdentification"]
        assert instance["ParticipantObjectID"] == hashed
        sender = line["ActiveParticipant"][0]
        assert (sender["UserID"], sender["NetworkAccessPointID"]) == ("anonymous", "127.0.0.1")
    assert "ParticipantObjectIdentification" not in png
    text = trail.read_text()
    assert not any(word in text for word in (*PATIENT, str(read(source).SOPInstanceUID)))
    client.server.should_exit = True
    assert written(trail, 6)[-1]["EventIdentification"]["EventTypeCode"]["csd-code"] == "110121"


def test_a_corrected_mask_and_an_evaluation_are_lines_of_their_radiograph(
    make_client: MakeClient, tmp_path: Path
) -> None:
    trail = tmp_path / "audit.jsonl"
    client = make_client(audit=str(trail))
    files = {"image": ("x.dcm", dicom(picture())), "mask": ("m.png", encode(truth()))}
    client.post("/evaluate", files=files)
    client.post("/corrected.dcm", files=files)
    _, *lines = written(trail, 3)
    assert [outcome(line)[2].split()[0] for line in lines] == ["/evaluate", "/corrected.dcm"]
    uids = {line["ParticipantObjectIdentification"][0]["ParticipantObjectID"] for line in lines}
    assert len(uids) == 1


def test_senders_are_told_apart_by_their_keys_which_are_not_written(
    make_client: MakeClient, tmp_path: Path
) -> None:
    trail = tmp_path / "audit.jsonl"
    client = make_client(audit=str(trail), api_key=KEY)
    client.post("/segment", content=encode(picture()), headers={"Authorization": f"Bearer {KEY}"})
    client.post("/segment", content=encode(picture()), headers={"Authorization": "Bearer stolen"})
    _, known, stranger = written(trail, 3)
    assert known["ActiveParticipant"][0]["UserID"] == f"key {sha256(KEY.encode()).hexdigest()[:8]}"
    assert stranger["EventIdentification"]["EventID"]["csd-code"] == "110113"
    assert stranger["ActiveParticipant"][0]["UserID"] == "no valid key"
    assert "stolen" not in trail.read_text()
    assert KEY not in trail.read_text()


def test_questions_about_the_service_are_no_lines(make_client: MakeClient, tmp_path: Path) -> None:
    trail = tmp_path / "audit.jsonl"
    client = make_client(audit=str(trail))
    for path in ("/readyz", "/metrics", "/", "/model"):
        client.get(path)
    client.post("/segment", content=encode(picture()))
    _, line = written(trail, 2)
    assert outcome(line)[2] == "/segment 200"


def test_a_trail_that_cannot_be_written_stops_the_service_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PLEURA_AUDIT"):
        create_app(Settings(audit=str(tmp_path / "missing" / "audit")))
