"""The dry run, the report, the metrics and the audit trail."""

import csv
import json
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client import generate_latest
from typer.testing import CliRunner, Result

import logs
import model.segmenter
from pacs.audit import Audit
from pacs.errors import PacsError
from pacs.metrics import Metrics
from pacs.worker import End, Outcome
from pleura_cli import cli
from tests.pacs.orthanc import Orthanc, free_port
from tests.pacs.radiographs import PATIENT, broken, radiograph, read, slice_of_ct
from tests.pacs.segmenters import trusting

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, orthanc: Orthanc) -> Run:
    """Run the command once on an archive."""
    monkeypatch.setattr(model.segmenter, "Segmenter", lambda *_, **__: trusting())
    monkeypatch.setattr(logs, "configure", lambda log_format: None)
    monkeypatch.setattr("pacs.stop.Stop.on_signals", lambda self: None)

    def invoke(*arguments: str, **environment: str) -> Result:
        result = CliRunner().invoke(cli, ["pacs", "--url", orthanc.url, *arguments], env=environment)
        assert result.exit_code in (0, 2), result.output
        return result

    return invoke


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def uid(data: bytes) -> str:
    return str(read(data).SOPInstanceUID)


def test_a_dry_run_says_what_would_happen_and_stores_nothing(
    run: Run, orthanc: Orthanc, tmp_path: Path
) -> None:
    wanted, lateral = radiograph(None, ViewPosition="PA"), radiograph(None, ViewPosition="LL")
    for data in (wanted, lateral, slice_of_ct()):
        orthanc.upload(data)
    report = tmp_path / "report.csv"
    run("--dry-run", "--report", str(report))
    assert orthanc.files("SEG") == []
    found = {row["uid"]: (row["outcome"], row["reason"]) for row in rows(report)}
    assert found == {uid(wanted): ("selected", ""), uid(lateral): ("left out", "view")}
    run()
    report.unlink()
    run("--dry-run", "--report", str(report))
    assert {row["uid"]: row["outcome"] for row in rows(report)}[uid(wanted)] == "there already"


def test_a_dry_run_reads_from_the_header_what_the_search_does_not_return(
    run: Run, orthanc: Orthanc, tmp_path: Path
) -> None:
    one = radiograph(None, SeriesDescription="Thorax", ImageLaterality="L")
    other = radiograph(None, SeriesDescription="Hand", ImageLaterality="R")
    for data in (one, other):
        orthanc.upload(data)
    report = tmp_path / "report.csv"
    run("--dry-run", "--report", str(report), "--description", "*thorax*", "--laterality", "L,EMPTY")
    found = {row["uid"]: row["outcome"] for row in rows(report) if row["level"] == "instance"}
    assert found[uid(one)] == "selected"
    assert found.get(uid(other), "left out") == "left out"


@pytest.mark.parametrize("also", ["--watch", "--listen"])
def test_a_dry_run_goes_with_one_round_of_an_archive(also: str) -> None:
    arguments = ["--url", "http://x/dicom-web", "--watch"]
    if also == "--listen":
        arguments = ["--listen", "1", "--send-to", "A@b:1", "--queue", "q"]
    result = CliRunner().invoke(cli, ["pacs", "--dry-run", *arguments])
    assert result.exit_code == 2


def test_the_report_says_what_was_passed_over_and_why(run: Run, orthanc: Orthanc, tmp_path: Path) -> None:
    good, bad, lateral = radiograph(), broken(), radiograph(None, ViewPosition="LL")
    for data in (good, bad, lateral):
        orthanc.upload(data)
    report = tmp_path / "report.csv"
    run("--report", str(report))
    found = {row["uid"]: (row["outcome"], row["reason"]) for row in rows(report)}
    assert found[uid(good)] == ("stored", "")
    assert found[uid(bad)] == ("passed over", "UnreadableImage")
    assert found[uid(lateral)] == ("left out", "view")
    assert not any(word in report.read_text() for word in PATIENT)


def test_metrics_count_outcomes_and_the_queue() -> None:
    metrics = Metrics()
    metrics.ended("instance", "1.2.3", End(Outcome.PASSED_OVER, "UnreadableImage"))
    metrics.received("full", "1.2.3", "DX1")
    metrics.sent("sent", "1.2.4", "ARCHIVE")
    metrics.watch_queue(lambda: {"instances": 3, "results_waiting": 2}, lambda: 1)
    port = free_port()
    metrics.serve("127.0.0.1", port)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    for line in (
        'pleura_pacs_instances_total{outcome="passed over",reason="UnreadableImage"} 1.0',
        'pleura_pacs_received_total{answer="full"} 1.0',
        'pleura_pacs_sent_total{outcome="sent"} 1.0',
        'pleura_pacs_queue{what="instances"} 3.0',
        "pleura_pacs_associations 1.0",
    ):
        assert line in text
    assert "1.2.3" not in generate_latest(metrics.registry).decode()
    with pytest.raises(PacsError, match="--metrics"):
        metrics.serve("127.0.0.1", port)


def test_without_a_setting_there_is_no_audit_trail(run: Run, orthanc: Orthanc, tmp_path: Path) -> None:
    orthanc.upload(radiograph())
    run()
    assert list(tmp_path.glob("audit*")) == []


def test_the_audit_trail_has_a_line_for_each_event_and_no_uid(
    run: Run, orthanc: Orthanc, tmp_path: Path
) -> None:
    data = radiograph()
    orthanc.upload(data)
    trail = tmp_path / "audit.jsonl"
    run("--ae-title", "PLEURA1", PLEURA_PACS_AUDIT=str(trail), PLEURA_PACS_AUDIT_KEY="secret")
    assert stat.S_IMODE(trail.stat().st_mode) == 0o600
    start, accessed, stop = map(json.loads, trail.read_text().splitlines())
    identification = accessed["EventIdentification"]
    assert identification["EventID"] == {
        "csd-code": "110103",
        "codeSystemName": "DCM",
        "originalText": "DICOM Instances Accessed",
    }
    assert (identification["EventActionCode"], identification["EventOutcomeIndicator"]) == ("R", 0)
    assert identification["EventOutcomeDescription"] == "stored"
    assert accessed["ActiveParticipant"][0]["UserID"] == "PLEURA1"
    (participant,) = accessed["ParticipantObjectIdentification"]
    known = Audit(str(trail), ae_title="X", key="secret")
    assert participant["ParticipantObjectID"] == known.hashed(uid(data))
    known.close()
    types = [one["EventIdentification"]["EventTypeCode"]["csd-code"] for one in (start, stop)]
    assert types == ["110120", "110121"]
    text = trail.read_text()
    assert not any(word in text for word in (*PATIENT, uid(data), str(read(data).StudyInstanceUID)))


def test_the_audit_trail_goes_to_syslog() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)
        audit = Audit(f"syslog://127.0.0.1:{server.getsockname()[1]}", ae_title="PLEURA")
        audit.rejected("STRANGER", "192.0.2.1")
        line = server.recv(10_000)
        audit.close()
    message: dict[str, Any] = json.loads(line[line.index(b"{") :].rstrip(b"\0"))
    assert message["EventIdentification"]["EventID"]["csd-code"] == "110113"
    assert message["ActiveParticipant"][0]["NetworkAccessPointID"] == "192.0.2.1"


def test_an_audit_trail_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PacsError, match="PLEURA_PACS_AUDIT"):
        Audit(str(tmp_path / "missing" / "audit"), ae_title="X")
