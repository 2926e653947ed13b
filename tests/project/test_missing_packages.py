"""The command `pleura` where a room, or what it needs, is not installed."""

import sys
import tomllib
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import pleura_cli

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("command", "module", "sentence"),
    [
        ("train", "torch", "This needs torch, which is not installed. Install the extra train with "),
        ("export", "torch", "This needs torch, which is not installed. Install the extra export with "),
        ("average", "torch", "This needs torch, which is not installed. Install the extra torch with "),
        (
            "average",
            "torchvision.models",
            "This needs torchvision, which is not installed. Install the extra torch with ",
        ),
        (
            "evaluate",
            "matplotlib",
            "This needs matplotlib, which is not installed. Install the extra train with ",
        ),
        (
            "pacs",
            "pynetdicom",
            "This needs pynetdicom, which is not installed. Install the extra dimse with ",
        ),
        ("export", "nncf", "This needs nncf, which is not installed. Install the extra export with "),
        ("client", "pleura_client.command", "The client is not installed. Run pip install ./client "),
        ("train", "numpy", "numpy is not installed. Run make install."),
    ],
)
def test_missing_package_is_reported_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    module: str,
    sentence: str,
) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{module}'", name=module)

    monkeypatch.setattr(pleura_cli, "import_module", fail)
    monkeypatch.setattr(sys, "argv", ["pleura", command])
    with pytest.raises(SystemExit) as caught:
        pleura_cli.main()
    assert caught.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(f"pleura: {sentence}")
    assert told.count("\n") == 1


@pytest.mark.parametrize("extra", ["dimse", "export", "ray", "torch", "train"])
def test_extra_that_is_named_can_be_installed(extra: str) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extra in declared


def test_help_lists_all_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name == "training" else find_spec(name)

    monkeypatch.setattr(pleura_cli, "find_spec", find)
    group = typer.main.get_command(pleura_cli.cli)
    listed = group.list_commands(None)  # type: ignore[attr-defined]
    assert "serve" in listed
    assert not {"train", "evaluate", "export"} & set(listed)
    assert CliRunner().invoke(pleura_cli.cli, ["--help"]).exit_code == 0
