"""The documents: their curl commands run, their tables are complete, their links work."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from pydantic_settings import BaseSettings

from app.main import create_app
from app.problems import TABLE
from app.settings import Settings
from pacs.command import pacs
from pacs.dimse.settings import ListenSettings
from pacs.settings import PacsSettings
from tests.app.fakes import dicom, picture, segmenter
from tests.client.serving import Running, running

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "client/*.md", "model/**/*.md")
    for path in ROOT.glob(pattern)
)
PACS = ROOT / "docs" / "how-to" / "pacs.md"
FLOW = ROOT / "docs" / "explanation" / "request-flow.md"
HTTP = ROOT / "docs" / "reference" / "http.md"

# The test starts its service, in the folder of the files.
BEFORE = re.compile(r"(make|docker|git|cd|pleura serve)\b")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: Path) -> str:
    if not path.is_file():
        pytest.skip(f"{named(path)} has not been written yet")
    return path.read_text("utf-8")


def with_curl() -> list[Any]:
    return [
        pytest.param(block, id=f"{named(path)}:{number}")
        for path in DOCUMENTS
        for number, block in enumerate(
            re.findall(r"^```sh\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        )
        if re.search(r"\bcurl\b", block)
    ]


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with running() as one:
        yield one


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of commands: samples, a DICOM radiograph, a curl that fails on errors."""
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    (tmp_path / "radiograph.dcm").write_bytes(dicom(picture()))
    (tmp_path / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    return tmp_path


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("block", with_curl())
def test_curl_commands_run(block: str, service: Running, folder: Path) -> None:
    lines = [line for line in block.splitlines() if not BEFORE.match(line)]
    code = re.sub(r"(http://)?localhost:8000", service.url, "\n".join(lines))
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith(("_proxy", "_PROXY"))
    }
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", code],
        cwd=folder,
        env=environment | {"CURL_HOME": str(folder), "PLEURA_API_KEY": "key"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr)
    for name in re.findall(r"(?:-o|--output|>) (\S+)", code):
        assert (folder / name).stat().st_size > 0, name


def plain(text: str) -> str:
    """Return a meaning as help and documents share it: no Markdown, no capitals, no column of its table."""
    linked = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    bare = linked.replace("`", "").lower().rstrip(".")
    return re.sub(r"^(with --\w+:|compared with) |; default: all$", "", bare)


def rows(text: str) -> dict[str, tuple[str, str]]:
    """Return default and meaning by the first name of each row of the tables with options or variables."""
    found = re.findall(r"^\| `([A-Z_]+|--[a-z-]+)`(?:, `[A-Z_]+`)? \|([^|]*)\| (.+) \|$", text, re.MULTILINE)
    return {name: (default.strip().strip("`"), meaning) for name, default, meaning in found}


@pytest.mark.parametrize(
    ("settings", "prefix", "document"),
    [
        (Settings, "PLEURA_", HTTP),
        (PacsSettings, "PLEURA_PACS_", PACS),
        (ListenSettings, "PLEURA_DIMSE_", PACS),
    ],
    ids=["service", "watcher", "listener"],
)
def test_every_setting_is_documented_as_its_description_says(
    settings: type[BaseSettings], prefix: str, document: Path
) -> None:
    documented = rows(read(document))
    for name, field in settings.model_fields.items():
        default, meaning = documented[f"{prefix}{name.upper()}"]
        expected = (
            "" if field.default in (None, "") or "SecretStr" in str(field.annotation) else field.default
        )
        assert default == (str(expected).lower() if isinstance(expected, bool) else str(expected)), name
        assert plain(meaning).startswith(plain(field.description or "missing")), name


def test_every_option_of_the_watcher_is_documented_as_its_help_says() -> None:
    documented = rows(read(PACS))
    # The last row of the first table: "as for `pleura serve`".
    elsewhere = {"--checkpoint", "--device", "--engine", "--log-format"}
    for name, kind in get_type_hints(pacs, include_extras=True).items():
        option = f"--{name.replace('_', '-')}"
        if name != "return" and option not in elsewhere:
            assert plain(documented[option][1]).startswith(plain(kind.__metadata__[0].help)), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_documented_settings_exist(path: Path) -> None:
    known = {f"PLEURA_{name.upper()}" for name in Settings.model_fields}
    known |= {f"PLEURA_PACS_{name.upper()}" for name in PacsSettings.model_fields}
    known |= {f"PLEURA_DIMSE_{name.upper()}" for name in ListenSettings.model_fields}
    for source in (ROOT / "pacs").glob("*.py"):
        known |= set(re.findall(r'envvar="(\w+)"', source.read_text("utf-8")))
    assert set(re.findall(r"PLEURA_[A-Z_]+[A-Z]", path.read_text("utf-8"))) <= known


def test_http_reference_is_complete() -> None:
    text = read(HTTP)
    for kind in TABLE.values():
        # 499 stands in logs only: the client has left.
        if kind.status == 500:
            assert f"500 (`{kind.slug}`)" in text
        elif kind.status != 499:
            assert re.search(rf"^\| {kind.status} \|.*`{kind.slug}`", text, re.MULTILINE), kind.slug
    for path, methods in create_app(Settings(), segmenter=segmenter()).openapi()["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in text
            for parameter in operation.get("parameters", []):
                assert f"`{parameter['name']}`".lower() in text.lower(), parameter["name"]
                for choice in parameter["schema"].get("enum", []):
                    assert f"`{choice}`" in text, choice


@pytest.mark.parametrize(
    "path", [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", FLOW], ids=lambda path: path.name
)
def test_named_files_exist(path: Path) -> None:
    folders = "|".join(sorted(one.name for one in ROOT.iterdir() if one.is_dir() and one.name[0] != "."))
    names = set(re.findall(rf"`((?:{folders})/[A-Za-z_/-]*(?:\.[a-z]+)?)`", path.read_text("utf-8")))
    assert len(names) > 10
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


def test_every_warning_is_documented() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "model" / "quality").glob("*.py"))
    codes = set(re.findall(r'Warning\(\s*"([a-z_]+)"', sources)) | set(
        re.findall(r'"(probably_[a-z_]+)"', sources)
    )
    assert {"no_lung", "low_confidence", "probably_inverted"} <= codes
    lines = [line.split("|")[1] for line in read(HTTP).splitlines() if line.startswith("| `")]
    for code in codes:
        assert any(f"`{code}`" in line for line in lines), code


def anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


# Links within docs/ are held by `make docs`, which also knows the generated pages.
@pytest.mark.parametrize("path", [one for one in DOCUMENTS if ROOT / "docs" not in one.parents], ids=named)
def test_links_are_not_broken(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), f"{named(path)} links to {target}, which is not there"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found.read_text("utf-8")), f"{named(path)} links to {link}"
