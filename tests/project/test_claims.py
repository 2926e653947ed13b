"""Figures and lists that documents repeat from the code are those of the code."""

import re
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr

from app.server import KEEP_ALIVE_S
from app.settings import Settings
from app.spool import SPOOL_BYTES
from model.quality.assessment import REMARKS
from model.reading.dicom import libjpeg_decoder, libjpeg_process
from pleura_cli import cli

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")


def read(name: str) -> str:
    return " ".join((ROOT / name).read_text("utf-8").split())


def test_every_setting_but_the_keys_is_an_option() -> None:
    serve = typer.main.get_command(cli).get_command(None, "serve")  # type: ignore[attr-defined]
    flags = {option for parameter in serve.params for option in parameter.opts}
    without = {name for name in Settings.model_fields if f"--{name.replace('_', '-')}" not in flags}
    assert without == {
        name
        for name, field in Settings.model_fields.items()
        if SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))
    }
    assert without == {"api_key", "audit_key"}
    assert "an option of `pleura serve`" in read("README.md")
    assert "except for the keys `PLEURA_API_KEY` and `PLEURA_AUDIT_KEY`, an option" in read("README.md")


def test_warnings_that_do_not_change_trust_are_named() -> None:
    rows = (ROOT / "docs/reference/http.md").read_text("utf-8").splitlines()
    told = {
        code
        for row in rows
        if "does not change `trusted`" in row
        for code in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == REMARKS
    sentence = re.search(
        r"((?:`\w+`(?:, | and )?)+) do not change `trusted`", read("docs/explanation/quality.md")
    )
    assert sentence is not None
    assert set(re.findall(r"`(\w+)`", sentence[1])) == REMARKS


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_lock_files_have_hashes_and_name_no_index(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(
        r"^\s*(-i|--index-url|--extra-index-url|--find-links)\b|https?://", text, re.MULTILINE
    )
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 20
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]


def test_each_threat_has_a_test() -> None:
    _, _, table = SECURITY.partition("| Who | Tries to |")
    rows = table.partition("\n\n")[0].splitlines()[2:]
    assert len(rows) > 15
    for row in rows:
        *_, tests = row.strip("|").split(" | ")
        assert re.search(r"`tests/[\w/]+\.py`", tests), row


def test_limits_in_documents_equal_those_of_the_code() -> None:
    security, memory = read("SECURITY.md"), read("docs/explanation/reliability.md")
    assert f"less than {KEEP_ALIVE_S} s" in security
    assert "over 1 MB they go to an unnamed file" in security
    assert 1_000_000 <= SPOOL_BYTES < 1_100_000
    assert libjpeg_process._CPU_S == libjpeg_decoder._DEADLINE_S == 120
    assert "busy for two minutes" in security
    assert f"{libjpeg_decoder._BYTES_PER_SAMPLE} bytes a sample" in memory
    upload_gb = Settings().max_uploads * Settings().max_upload_mb / 1000
    assert f"({upload_gb:.0f} GB by default" in security
