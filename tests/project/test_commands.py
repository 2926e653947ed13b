"""The `pleura` commands that the documents show: each is understood, and the README's are run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import typer

from pleura_cli import COMMANDS, cli
from samples.phantom import phantom

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "model/weights/MODEL_CARD.md"]
SHOWN = re.compile(r"^\s*(?:\.venv/bin/)?(pleura [a-z].*)$", re.MULTILINE)


def shown() -> list[str]:
    """Return each command that begins a line, with its continuation lines."""
    texts = [path.read_text(encoding="utf-8").replace("\\\n", " ") for path in DOCUMENTS]
    return sorted({found.strip() for text in texts for found in SHOWN.findall(text) if "`" not in found})


def test_documents_show_commands() -> None:
    assert {"train", "evaluate", "calibrate", "export", "segment", "pacs"} <= {
        shlex.split(one)[1] for one in shown()
    }


@pytest.mark.parametrize("command", shown())
def test_shown_command_has_valid_options(command: str) -> None:
    _, name, *words = shlex.split(command)
    assert name in COMMANDS
    group = typer.main.get_command(cli)
    known = {
        option
        for parameter in group.get_command(None, name).params  # type: ignore[attr-defined]
        for option in parameter.opts
    }
    assert {word for word in words if word.startswith("--")} <= known


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a folder DIR of radiographs and masks."""
    for part in ("images", "masks"):
        (tmp_path / "DIR" / part).mkdir(parents=True)
    for seed in range(3):
        drawn = phantom(width=96, height=96, seed=seed)
        cv2.imwrite(str(tmp_path / f"DIR/images/{seed}.png"), drawn.pixels)
        cv2.imwrite(str(tmp_path / f"DIR/masks/{seed}.png"), drawn.mask.astype("uint8") * 255)
    return tmp_path


def _run(command: str, *more: str, folder: Path) -> None:
    _, *words = shlex.split(command)
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pleura")), *words, *more],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_commands_of_the_readme_run(folder: Path) -> None:
    """Training is shortened; every other command is run as shown."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    train, evaluate, *_ = SHOWN.findall(text)
    assert train.startswith("pleura train")
    assert evaluate.startswith("pleura evaluate")
    _run(train, "--epochs", "1", "--size", "32", folder=folder)
    _run(train, "--epochs", "1", "--size", "32", "--resume", folder=folder)
    _run(evaluate, folder=folder)
    assert (folder / "report/report.html").exists()
    segment = re.search(r"`\.venv/bin/(pleura segment [^`]+)`", text)
    assert segment is not None
    _run(segment[1].replace("--out DIR", "--out masks"), folder=folder)
    assert len(list((folder / "masks").rglob("*.mask.png"))) == 6
