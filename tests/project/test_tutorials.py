"""The tutorials' commands and scripts run, in their order; training is made short."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pacs.orthanc import Orthanc, missing

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the samples and the bundled weights."""
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    (tmp_path / "model").symlink_to(ROOT / "model")
    return tmp_path


def script(document: str) -> str:
    text = (TUTORIALS / document).read_text("utf-8")
    (found,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return str(found)


def commands(document: str, program: str) -> list[str]:
    """The indented commands of a document that begin with `program`."""
    text = (TUTORIALS / document).read_text("utf-8")
    return re.findall(rf"^    ({re.escape(program)} .*)$", text, re.MULTILINE)


def run(words: list[str], folder: Path, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"XDG_CACHE_HOME": str(folder / "cache"), **variables}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(folder), str(ROOT), str(ROOT / "client"), environment.get("PYTHONPATH", "")]
    )
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def pleura(command: str, *more: str) -> list[str]:
    return [str(Path(sys.executable).with_name("pleura")), *shlex.split(command)[1:], *more]


def test_tutorial_of_ten_minutes_runs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    run([sys.executable, "-c", script("ten-minutes.md")], folder)
    segment, watch = commands("ten-minutes.md", ".venv/bin/pleura")
    run(pleura(segment), folder)
    assert len(list((folder / "segmentations").rglob("*.dcm"))) == 1
    if (reason := missing()) is not None:
        pytest.skip(reason)
    orthanc = Orthanc(tmp_path_factory.mktemp("pacs") / "orthanc", user="pleura", password="pleura").start()
    try:
        upload, search = (
            shlex.split(one.replace("http://localhost:8042", orthanc.root))
            for one in commands("ten-minutes.md", "curl")
        )
        run(upload, folder)
        words = pleura(watch.replace("http://localhost:8042", orthanc.root))
        access = {"PLEURA_PACS_USER": "pleura", "PLEURA_PACS_PASSWORD": "pleura"}
        run(words, folder, **access)
        run(words, folder, **access)
        assert run(search, folder).count('"00080060"') == 1
    finally:
        orthanc.kill()


def test_tutorial_of_fine_tuning_runs(folder: Path) -> None:
    run([sys.executable, "-c", script("fine-tune.md")], folder)
    assert len(list((folder / "films").rglob("images/*.png"))) == 20
    before, train, after = commands("fine-tune.md", ".venv/bin/pleura")
    run(pleura(before), folder)
    run(pleura(train, "--size", "32", "--epochs", "1"), folder)
    run(pleura(after), folder)
    assert (folder / "report-before/report.html").exists()
    assert (folder / "report-after/report.html").exists()
