"""The command: as the documents have it, and with wrong addresses and titles."""

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pleura_cli import cli
from tests.app.waiting import wait_until
from tests.pacs.dimse.conftest import StoreScp, saved, store
from tests.pacs.dimse.killed import ROOT
from tests.pacs.orthanc import free_port
from tests.pacs.radiographs import radiograph


@pytest.mark.slow
def test_the_documented_command_runs_and_stops_on_sigterm(archive: StoreScp, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "pacs.md").read_text("utf-8")
    (shown,) = re.findall(r"^pleura (pacs --listen .+ --form .+)$", text, re.MULTILINE)
    port, replaced = free_port(), shown
    for there, here in (
        ("11112", f"127.0.0.1:{port}"),
        ("ORTHANC@orthanc:4242", f"ARCHIVE@127.0.0.1:{archive.port}"),
        ("/var/lib/pleura/queue", str(tmp_path / "queue")),
    ):
        assert there in replaced
        replaced = replaced.replace(there, here)
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.pacs.dimse.listening", *shlex.split(replaced)],
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: b"listening" in log.read_bytes() or process.poll() is not None, within_s=90)
        assert store(port, saved(radiograph(), tmp_path / "films")).returncode == 0, log.read_text()
        wait_until(lambda: len(archive.results()) == 3, within_s=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert "ended" in log.read_text()
    finally:
        process.kill()
        process.wait(30)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "either --url or --listen"),
        (["--listen", "11112", "--url", "http://x/dicom-web"], "either --url or --listen"),
        (["--listen", "11112"], "needs --send-to and --queue"),
        (["--listen", "x", "--send-to", "A@b:1", "--queue", "q"], "PORT or HOST:PORT"),
        (["--listen", "99999", "--send-to", "A@b:1", "--queue", "q"], "PORT or HOST:PORT"),
        (["--listen", "11112", "--send-to", "b:1", "--queue", "q"], "AE@HOST:PORT"),
        (["--listen", "11112", "--send-to", "A@b", "--queue", "q"], "AE@HOST:PORT"),
        (["--listen", "11112", "--send-to", "A@b:1", "--queue", "q", "--ae-title", "X" * 17], "16 ASCII"),
        (["--listen", "11112", "--send-to", "A@b:1", "--queue", "q", "--calling", "DX1,é"], "16 ASCII"),
    ],
)
def test_a_wrong_option_is_explained(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(cli, ["pacs", *arguments])
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", " ").split())
