"""The version is the same in all files that hold it."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def version(path: str) -> str:
    return str(tomllib.loads((ROOT / path).read_text("utf-8"))["project"]["version"])


def test_versions_agree() -> None:
    service = version("pyproject.toml")
    citation = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert citation is not None
    assert service == version("client/pyproject.toml") == citation[1]


def test_changelog_has_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(
        rf"^## \[{re.escape(version('pyproject.toml'))}\] - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE
    )
    assert "## [Unreleased]" in text
