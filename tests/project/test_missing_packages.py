"""The command `pleura` where a room, or what it needs, is not installed."""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

import pytest
import typer
from typer.testing import CliRunner

import pleura_cli


def test_missing_package_is_reported_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(pleura_cli, "import_module", fail)
    monkeypatch.setattr(sys, "argv", ["pleura", "train"])
    with pytest.raises(SystemExit) as caught:
        pleura_cli.main()
    assert caught.value.code == 1
    assert capsys.readouterr().err == (
        "pleura: torch is not installed: "
        "install all of requirements.txt, or run this command in the CUDA image.\n"
    )


def test_help_lists_all_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name == "training" else find_spec(name)

    monkeypatch.setattr(pleura_cli, "find_spec", find)
    group = typer.main.get_command(pleura_cli.cli)
    listed = group.list_commands(None)  # type: ignore[attr-defined]
    assert "serve" in listed
    assert not {"train", "evaluate", "export"} & set(listed)
    assert CliRunner().invoke(pleura_cli.cli, ["--help"]).exit_code == 0
