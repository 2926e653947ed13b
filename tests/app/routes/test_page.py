import re
from pathlib import Path

import pytest

from app.routes.page import TYPES, WEB
from tests.app.conftest import Service


def test_page_is_served(shared_client: Service) -> None:
    answer = shared_client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy


def test_page_needs_no_key(make_client: object, shared_client: Service) -> None:
    assert shared_client.get("/web/main.js").status_code == 200


def files() -> list[Path]:
    return [path for path in WEB.iterdir() if path.suffix in TYPES]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_assets_have_their_media_types(shared_client: Service, path: Path) -> None:
    answer = shared_client.get(f"/web/{path.name}")
    assert answer.content == path.read_bytes()
    assert answer.headers["content-type"].split(";")[0] == TYPES[path.suffix]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["__init__.py", "nothing.js", "..%2fmain.py", "%2e%2e/main.py", "index.html"]
)
def test_other_files_are_not_served(shared_client: Service, name: str) -> None:
    answer = shared_client.get(f"/web/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_sample_images_are_served(shared_client: Service) -> None:
    for name in ("phantom.png", "phantom_mask.png"):
        answer = shared_client.get(f"/samples/{name}")
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
    assert shared_client.get("/samples/phantom.py").status_code == 404


def test_page_has_no_inline_code_and_no_external_resources() -> None:
    page = (WEB / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert all(
        re.search(r'src="web/[\w.]+"></script>', script) for script in re.findall(r"<script[^\n]*", page)
    )
    for path in files():
        # A namespace is a name, not an address.
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|\bimport\(", text), path.name


def test_every_imported_module_is_served() -> None:
    for path in WEB.glob("*.js"):
        for name in re.findall(r'from "\./([\w.]+)"', path.read_text("utf-8")):
            assert (WEB / name).is_file(), f"{path.name} imports {name}"
