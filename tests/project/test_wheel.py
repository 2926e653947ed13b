"""A wheel that is built from the tracked files, and runs without the checkout."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "bulk", "logs", "model", "pacs", "samples", "training")

SEGMENT = """
import sys
from pathlib import Path
from model import Segmenter

found = Segmenter("small", device="cpu")(Path(sys.argv[1], "samples/phantom.png"))
assert found.quality.trusted
assert found.mask.any()
ours = [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] in sys.argv[2:]]
print(*{file for file in ours if file and not Path(file).is_relative_to(sys.argv[1])})
"""
"""Segments the phantom of the folder that is named, and prints modules of Pleura that are not in it."""


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no clone of the repository")
    return [name for name in listed.stdout.decode().split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("wheel")
    for name in tracked():
        (top / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, top / "clone" / name)
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "wheel", "--no-index"]
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", "."]
    built = subprocess.run(
        [*pip, *options, "./clone"], cwd=top, capture_output=True, text=True, timeout=200, check=False
    )
    assert built.returncode == 0, built.stderr
    shutil.rmtree(top / "clone")
    (path,) = top.glob("pleura-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Return a folder with what is in the wheel."""
    folder = wheel.parent / "installed"
    with ZipFile(wheel) as file:
        file.extractall(folder)
    return folder


def run(installed: Path, words: Sequence[str], elsewhere: Path) -> str:
    """Run Python in a folder outside the repository; return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLEURA_")}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=elsewhere,
        env=environment | {"PYTHONPATH": str(installed), "HOME": str(elsewhere)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_weights_page_types_and_command(installed: Path) -> None:
    weights = {path.name for path in (installed / "model/weights").iterdir()}
    for name in ("pleura-r50-256", "pleura-small-192"):
        assert {
            f"{name}.safetensors",
            f"{name}.int8.xml",
            f"{name}.int8.bin",
            f"{name}.int8.sha256",
        } <= weights
    assert "pleura-small-192.onnx" in weights
    assert {"index.html", "main.js", "base.css", "icon.svg"} <= {
        path.name for path in (installed / "app/web").iterdir()
    }
    assert all((installed / package / "py.typed").is_file() for package in PACKAGES)
    commands = ConfigParser()
    commands.read(next(installed.glob("pleura-*.dist-info")) / "entry_points.txt")
    assert commands["console_scripts"]["pleura"] == "pleura_cli:main"


def test_wheel_holds_every_tracked_file_of_its_packages(installed: Path) -> None:
    # Shell scripts are run from a clone.
    files = [name for name in tracked() if not name.endswith(".sh")]
    shipped = [name for name in files if name.partition("/")[0] in PACKAGES]
    assert len(shipped) > 300
    assert [name for name in shipped if not (installed / name).is_file()] == []
    assert not {"tests", "benchmarks", "docs"} & {path.name for path in installed.iterdir()}


def test_wheel_segments_without_the_repository(installed: Path, tmp_path: Path) -> None:
    assert run(installed, ["-c", SEGMENT, str(installed), *PACKAGES], tmp_path).strip() == ""


def test_command_of_the_wheel_runs_without_the_repository(installed: Path, tmp_path: Path) -> None:
    assert "serve" in run(installed, ["-m", "pleura_cli", "--help"], tmp_path)
    shutil.copy(installed / "samples/phantom.png", tmp_path)
    run(installed, ["-m", "pleura_cli", "segment", "phantom.png", "--out", "out"], tmp_path)
    assert (tmp_path / "out/phantom.png.mask.png").is_file()
