"""`make docs`: the site is built without a warning, and its pages load nothing from other hosts."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Loaded(HTMLParser):
    """Return the addresses that a browser loads unasked: scripts, styles, pictures, fonts, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        loads = tag != "link" or (given.get("rel") or "") not in ("canonical", "next", "prev", "alternate")
        if tag not in ("a", "form") and loads:
            self.addresses += [
                given[name] or "" for name in ("src", "href", "data", "poster") if name in given
            ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_pages_request_nothing_from_other_hosts(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        loaded = Loaded()
        loaded.feed(page.read_text("utf-8"))
        assert loaded.addresses
        assert not [one for one in loaded.addresses if re.match(r"(https?:)?//", one)], page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text("utf-8")), style.name


def test_generated_pages_hold_every_command_and_setting(site: Path) -> None:
    commands = (site / "reference" / "command-line.html").read_text("utf-8")
    assert all(f"Usage: pleura {name}" in commands for name in ("serve", "segment", "train", "pacs"))
    assert "PLEURA_QUEUE_SIZE" in (site / "reference" / "settings.html").read_text("utf-8")
    assert "POST /segment" in (site / "reference" / "http-operations.html").read_text("utf-8")
