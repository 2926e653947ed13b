"""Reference pages, written from the code and from the list of files that the tests read.

MkDocs loads this module as a hook (``hooks`` in mkdocs.yml).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.main import create_app
from app.problems import TABLE
from app.settings import Settings
from pleura_cli import COMMANDS, cli
from tests.model.reading.matrix import DICOMS, RASTERS, Kind

_TERMINAL = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
_NO_OPTION = "from the environment only"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages to those that are written by hand."""
    for address, write in PAGES.items():
        files.append(File.generated(config, address, content=write()))
    return files


def command_line() -> str:
    """Return the page of the command `pleura`: what each command's ``--help`` prints."""
    parts = [
        "# Command line",
        "What `--help` prints. Exit code 0 is success, 1 a failure with a message, 2 a wrong call.",
    ]
    for name in ("", *COMMANDS):
        if name == "client":
            parts.append(
                "## pleura client\n\nThe client of a service. `pleura-client --help` lists its options."
            )
            continue
        shown = CliRunner().invoke(cli, [*name.split(), "--help"], env=_TERMINAL, prog_name="pleura").output
        parts.append(f"## pleura {name}\n\n```text\n{shown.strip()}\n```".replace("pleura \n", "pleura\n"))
    return "\n\n".join(parts) + "\n"


def settings() -> str:
    """Return the page of the service's settings."""
    rows = [
        (
            f"`PLEURA_{name.upper()}`",
            f"`--{name.replace('_', '-')}`" if "SecretStr" not in str(field.annotation) else _NO_OPTION,
            "" if field.default in (None, "") else f"`{field.default}`",
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]
    return "\n\n".join(
        [
            "# Settings",
            "Every setting of `pleura serve` is an environment variable and, except `PLEURA_API_KEY` and "
            "`PLEURA_AUDIT_KEY`, an option; an option takes precedence.",
            _table(("variable", "option", "default", "meaning"), rows),
        ]
    )


def http_operations() -> str:
    """Return the page of the HTTP operations, from the OpenAPI document."""
    document = create_app(Settings()).openapi()
    parts = [
        "# HTTP operations",
        f"Written from the OpenAPI document, version {document['info']['version']}. A running service has it "
        "at `/openapi.json` and a page to try it at `/docs`. [HTTP API](http.md) explains what they mean.",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += list(_operation(method, path, operation))
    return "\n\n".join(parts) + "\n"


def what_is_read() -> str:
    """Return the page of the kinds of files that the tests read, and of those that are refused."""
    return "\n\n".join(
        [
            "# What is read",
            "Written from the list that `tests/model/reading/test_matrix.py` holds: each row is a file that "
            "the test makes and reads. *Read* means that the picture comes back; else the row names the "
            "error, with its status over HTTP. [DICOM](dicom.md) explains what is applied to the pixels.",
            "## Images that are not DICOM",
            _table(("format", "read", "refused"), _kinds(RASTERS)),
            "## DICOM, by transfer syntax",
            _table(("transfer syntax", "read", "refused"), _kinds(DICOMS)),
            "Pixels that a DICOM file holds in one more way, such as other values of `HighBit`, samples in "
            "planes or a frame in fragments, have tests beside this one in `tests/model/reading/dicom/`.",
        ]
    )


PAGES: dict[str, Callable[[], str]] = {
    "reference/command-line.md": command_line,
    "reference/settings.md": settings,
    "reference/http-operations.md": http_operations,
    "reference/what-is-read.md": what_is_read,
}
"""The address of each generated page, and what writes it."""


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## {method.upper()} {path}"
    yield re.sub(
        r"^Raises:.*", "", operation.get("description") or operation.get("summary", ""), flags=re.DOTALL
    )
    parameters = [
        (
            f"`{one['name']}`",
            one["in"],
            ", ".join(f"`{choice}`" for choice in one["schema"].get("enum", ()))
            or one["schema"].get("type", ""),
            one.get("description", ""),
        )
        for one in operation.get("parameters", ())
    ]
    if parameters:
        yield _table(("parameter", "in", "values", "meaning"), parameters)
    if "requestBody" in operation:
        yield "Body: " + ", ".join(f"`{kind}`" for kind in operation["requestBody"]["content"])
    answers = [
        (status, ", ".join(f"`{kind}`" for kind in answer.get("content", ())), answer["description"])
        for status, answer in operation["responses"].items()
    ]
    yield _table(("status", "type", "meaning"), answers)


def _kinds(kinds: tuple[Kind, ...]) -> list[tuple[str, ...]]:
    """Return a row for each format: what is read, and what is refused with which error."""
    rows = []
    for name in dict.fromkeys(kind.format for kind in kinds):
        of_format = [kind for kind in kinds if kind.format == name]
        rows.append(
            (
                name,
                "<br>".join(kind.pixels for kind in of_format if kind.refused is None),
                "<br>".join(
                    f"{kind.pixels}: `{kind.refused.__name__}` ({TABLE[kind.refused].status})"
                    for kind in of_format
                    if kind.refused is not None
                ),
            )
        )
    return rows


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |" for row in lines
    )
