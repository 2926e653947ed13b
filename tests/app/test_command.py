import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app import command
from app.settings import Settings
from tests.app.conftest import MakeClient
from tests.app.fakes import FakeEngine

ROOT = Path(__file__).parents[2]

application = typer.Typer(rich_markup_mode="rich")
application.command()(command.serve)
application.command()(command.health)


def test_each_setting_but_the_secret_is_a_flag() -> None:
    shown = CliRunner().invoke(application, ["serve", "--help"], env={"COLUMNS": "80", "TERM": "dumb"}).output
    for name in Settings.model_fields:
        assert (f"--{name.replace('_', '-')} " in shown) == (name != "api_key"), name
    assert max(map(len, shown.splitlines())) <= 80


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = "from tests.app.test_command import application; application()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_checkpoint_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    ended = run("serve", "--port", "0", "--checkpoint", str(tmp_path / "missing.safetensors"))
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert "missing.safetensors" in last
    assert last.endswith(".")
    assert "Traceback" not in ended.stderr
    assert str(tmp_path) not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        ((), {"PLEURA_QUEUE_SIZE": "none"}, "PLEURA_QUEUE_SIZE is wrong"),
        (("--queue-size", "0"), {}, "PLEURA_QUEUE_SIZE is wrong"),
        ((), {"PLEURA_API_KEY_FILE": "/nowhere"}, "PLEURA_API_KEY_FILE cannot be read"),
    ],
)
def test_settings_that_are_wrong(arguments: tuple[str, ...], environment: dict[str, str], told: str) -> None:
    ended = run("serve", *arguments, **environment)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert told in line


def test_an_address_that_is_taken(make_client: MakeClient) -> None:
    ended = run("serve", "--port", str(make_client().port))
    assert ended.returncode == 1
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_health(make_client: MakeClient) -> None:
    client = make_client()
    url = str(client.base_url)
    assert CliRunner().invoke(application, ["health", "--url", url]).exit_code == 0
    assert CliRunner().invoke(application, ["health"], env={"PLEURA_PORT": str(client.port)}).exit_code == 0


def test_health_of_one_that_is_not_ready(make_client: MakeClient) -> None:
    engine = FakeEngine()
    engine.hold()
    client = make_client(engine, ready=False)
    asked = CliRunner().invoke(application, ["health", "--url", str(client.base_url)])
    assert asked.exit_code == 1
    assert "loading" in asked.output


def test_health_where_nothing_is() -> None:
    asked = CliRunner().invoke(application, ["health", "--url", "http://127.0.0.1:9"])
    assert asked.exit_code == 1
    assert "Nothing answers" in asked.output
