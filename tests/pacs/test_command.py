"""The command in this process, with a fake engine."""

import os
import re
import shlex
import signal
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from pydicom import Dataset
from typer.testing import CliRunner, Result

import logs
import model.segmenter
from pacs import archive
from pacs.archive import Archive
from pacs.errors import PacsError, Refused, Unavailable
from pacs.selection import DEFAULTS
from pleura_cli import cli
from tests.pacs.conftest import Lines
from tests.pacs.orthanc import Orthanc, free_port
from tests.pacs.radiographs import broken, radiograph
from tests.pacs.segmenters import trusting

ROOT = Path(__file__).parents[2]
ADDRESS = "http://orthanc:8042/dicom-web"

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the command. It is stopped by SIGTERM as soon as it has stored something."""
    store = Archive.store

    def store_and_stop(self: Archive, dataset: Dataset, *, study: str) -> None:
        store(self, dataset, study=study)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(model.segmenter, "Segmenter", lambda *_, **__: trusting())
    monkeypatch.setattr(logs, "configure", lambda log_format: None)
    monkeypatch.setattr(Archive, "store", store_and_stop)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def invoke(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(cli, ["pacs", *arguments], env=environment)

    yield invoke
    for number, handler in handlers.items():
        signal.signal(number, handler)


def shown() -> list[str]:
    text = (ROOT / "docs" / "how-to" / "pacs.md").read_text("utf-8")
    return re.findall(r"^pleura pacs (--url .+)$", text, re.MULTILINE)


@pytest.mark.parametrize("arguments", shown())
def test_documented_commands_run(
    arguments: str, orthanc: Orthanc, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    today = f"{date.today():%Y%m%d}"
    orthanc.upload(radiograph(StudyDate=today, ViewPosition="PA", SeriesDescription="Thorax im Stehen"))
    assert ADDRESS in arguments
    ended = run(*shlex.split(arguments.replace(ADDRESS, orthanc.url)))
    assert ended.exit_code == 0
    assert len(orthanc.files("SEG")) == (0 if "--dry-run" in arguments else 1)


def test_each_option_is_documented(run: Run) -> None:
    text = (ROOT / "docs" / "how-to" / "pacs.md").read_text("utf-8")
    helped = run("--help", COLUMNS="80", TERM="dumb").output
    assert max(map(len, helped.splitlines())) <= 80
    for flag in set(re.findall(r"--[a-z-]+", helped)) - {"--help"}:
        assert re.search(rf"^\| .*`{flag}`.* \|$", text, re.MULTILINE), flag


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("orthanc:8042", "give an address"),
        ("ftp://orthanc/dicom-web", "give an address"),
        ("http://orthanc/dicom-web?key=1", "give an address"),
        ("http://orthanc:port/dicom-web", "give an address"),
        ("http://pleura:sesame@orthanc/dicom-web", "remove the credentials"),
    ],
)
def test_invalid_addresses_are_rejected(url: str, told: str, run: Run) -> None:
    ended = run("--url", url)
    assert ended.exit_code == 2
    assert told in ended.output
    assert "sesame" not in ended.output


@pytest.mark.parametrize(
    "environment",
    [
        {"PLEURA_PACS_USER": "pleura"},
        {"PLEURA_PACS_PASSWORD": "sesame"},
        {"PLEURA_PACS_USER": "pleura", "PLEURA_PACS_PASSWORD": "sesame", "PLEURA_PACS_TOKEN": "token"},
    ],
)
def test_contradictory_credentials_are_rejected(environment: dict[str, str], run: Run) -> None:
    ended = run("--url", ADDRESS, **environment)
    assert isinstance(ended.exception, PacsError)
    assert str(ended.exception).startswith("Set ")


def test_credentials(make_orthanc: Callable[..., Orthanc], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    orthanc = make_orthanc(user="pleura", password="sesame").start()
    orthanc.upload(radiograph())
    for environment in (
        {},
        {"PLEURA_PACS_USER": "pleura", "PLEURA_PACS_PASSWORD": "guess"},
        {"PLEURA_PACS_TOKEN": "guess"},
    ):
        refused = run("--url", orthanc.url, "--watch", **environment)
        assert isinstance(refused.exception, PacsError)
        assert "The PACS denies access (401): check PLEURA_PACS_USER" in str(refused.exception)
    ended = run("--url", orthanc.url, PLEURA_PACS_USER="pleura", PLEURA_PACS_PASSWORD="sesame")
    assert ended.exit_code == 0
    assert len(orthanc.files("SEG")) == 1


def test_unreachable_archive_exits_with_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SEARCH_ATTEMPTS", 1)
    ended = run("--url", f"http://127.0.0.1:{free_port()}/dicom-web")
    assert isinstance(ended.exception, PacsError)
    assert str(ended.exception).startswith("The PACS cannot be reached (no connection)")


def test_address_without_dicomweb_is_reported(orthanc: Orthanc, run: Run) -> None:
    ended = run("--url", f"{orthanc.root}/nowhere", "--watch")
    assert isinstance(ended.exception, PacsError)
    assert "rejects the search for series (status 404)" in str(ended.exception)


def test_postponed_instance_sets_the_exit_code(
    orthanc: Orthanc, run: Run, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Archive, instance: object) -> bytes:
        raise Unavailable("status 500")

    orthanc.upload(radiograph())
    monkeypatch.setattr(Archive, "fetch", fail)
    assert run("--url", orthanc.url).exit_code == 1
    assert lines.about("ended")[0].endswith("put_off=1")


def test_refused_store_sets_the_exit_code(
    orthanc: Orthanc, run: Run, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Archive, instance: object) -> bytes:
        raise Refused("status 406")

    for _ in range(3):
        orthanc.upload(radiograph())
    monkeypatch.setattr(Archive, "fetch", fail)
    assert run("--url", orthanc.url).exit_code == 1
    assert lines.about("in all")[0].endswith("outcome=refused reason=status 406 instances=3")
    assert lines.about("ended")[0].endswith("refused=3 put_off=0")


def test_unusable_image_does_not_set_the_exit_code(orthanc: Orthanc, run: Run, lines: Lines) -> None:
    orthanc.upload(broken())
    orthanc.upload(radiograph(ViewPosition="LL"))
    assert run("--url", orthanc.url).exit_code == 0
    told = [line.partition("in all ")[2] for line in lines.about("in all")]
    assert told == [
        "outcome=left out reason=view instances=1",
        "outcome=passed over reason=UnreadableImage instances=1",
    ]
    assert "left_out=1" in lines.about("ended")[0]


@pytest.mark.parametrize("by", ["flag", "variable"])
def test_filters(by: str, orthanc: Orthanc, run: Run) -> None:
    orthanc.upload(radiograph(ViewPosition="LL"))
    assert run("--url", orthanc.url).exit_code == 0
    assert not orthanc.files("SEG")
    flags, variables = (("--view", "LL"), {}) if by == "flag" else ((), {"PLEURA_PACS_VIEW": "LL"})
    assert run("--url", orthanc.url, *flags, **variables).exit_code == 0
    assert len(orthanc.files("SEG")) == 1


def test_invalid_filters_are_rejected_before_any_request(run: Run) -> None:
    ended = run("--url", ADDRESS, "--modality", "*")
    assert ended.exit_code == 2
    assert "--modality takes codes without wildcards" in ended.output


def test_each_filter_default_and_variable_is_documented() -> None:
    text = (ROOT / "docs" / "how-to" / "pacs.md").read_text("utf-8")
    for name, default in DEFAULTS.items():
        row = f"| `--{name.replace('_', '-')}`, `PLEURA_PACS_{name.upper()}` | `{default}` |"
        assert row in text, row
