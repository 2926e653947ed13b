"""What documents name is there: files, make targets, modules with their options, services of Compose."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "client/*.md", "benchmarks/*.md", "model/**/*.md")
    for path in ROOT.glob(pattern)
)
MADE = {"benchmarks/.venv-peers", "benchmarks/results/"}
"""Folders that a make target creates."""

_FOLDERS = "|".join(
    re.escape(path.name) for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"
)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


documents = pytest.mark.parametrize("path", DOCUMENTS, ids=named)


def code(text: str) -> str:
    """Return what a document shows as code: between backticks, in fences, indented."""
    parts = re.findall(r"^```.*?^```|^    .*$|`[^`\n]+`", text, re.DOTALL | re.MULTILINE)
    return "\n".join(parts)


@documents
def test_named_files_exist(path: Path) -> None:
    found = re.findall(rf"`((?:{_FOLDERS})/[\w./-]*\w/?)(?:::\w+)?`", path.read_text("utf-8"))
    assert not [one for one in found if one not in MADE and not (ROOT / one).exists()]


@documents
def test_named_make_targets_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    shown = code(path.read_text("utf-8"))
    lines = re.findall(r"(?:^ *|`)make ((?:[a-z][a-z-]*(?: |$|`))+)", shown, re.MULTILINE)
    assert {word.strip("`") for line in lines for word in line.split()} <= targets


@documents
def test_named_services_and_profiles_exist(path: Path) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    services: dict[str, Any] = compose["services"]
    profiles = {profile for one in services.values() for profile in one.get("profiles", ())}
    text = code(path.read_text("utf-8"))
    assert set(re.findall(r"--profile (\w+)", text)) <= profiles
    shown = re.findall(r"docker compose(?: --profile \w+)* up((?: [a-z]+| --[a-z]+(?: \w+=\d+)?)*)", text)
    words = {word for line in shown for word in line.split() if not re.search(r"^--|=", word)}
    assert words <= set(services)


def modules() -> list[str]:
    """Every command `python -m …` of a package of this project, on one line."""
    texts = (code(path.read_text("utf-8")).replace("\\\n", " ") for path in DOCUMENTS)
    found = {one for text in texts for one in re.findall(r"python -m ([a-z_]+[^`\n#]*)", text)}
    return sorted(one.strip() for one in found if (ROOT / re.split(r"[. ]", one)[0]).is_dir())


def test_documents_show_modules() -> None:
    assert len(modules()) > 4


@pytest.mark.parametrize("command", modules())
def test_shown_module_has_the_shown_options(command: str) -> None:
    name, *words = command.split()
    done = subprocess.run(
        [sys.executable, "-m", name, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in done.stdout, word
