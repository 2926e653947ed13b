"""The examples of the client's README run unchanged."""

import contextlib
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pleura_client
import pytest
from pleura_client import PleuraClientError

from tests.app.fakes import decode, truth
from tests.client.serving import Running

README = Path(__file__).parents[2] / "client" / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def _in_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_examples_run(code: str, service: Running) -> None:
    said = StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code.replace("http://localhost:8000", service.url), "README.md", "exec"), {})
    if "asyncio" in code:
        assert said.getvalue() == "[(64, 64), (64, 64)]\n"
    elif "except" in code:
        assert said.getvalue().startswith("415 ")


def test_commands_run(service: Running, folder: Path) -> None:
    (code,) = (block for block in blocks("sh") if "pleura-client" in block)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-euc", code.replace("http://localhost:8000", service.url)],
        check=True,
        env=os.environ | {"PATH": path},
    )
    assert np.array_equal(decode((folder / "masks" / "radiograph_mask.png").read_bytes()), truth())
    assert (folder / "overlay.png").read_bytes().startswith(b"\x89PNG")


def test_documented_tree_of_errors_is_complete() -> None:
    tree = README.read_text("utf-8").partition("\n```\nPleuraClientError\n")[2].partition("```")[0]
    for name, value in vars(pleura_client).items():
        if isinstance(value, type) and issubclass(value, Exception) and value is not PleuraClientError:
            assert f"── {name} " in tree + " " or f"── {name}\n" in tree, name
