"""`make sbom`: the bill of materials lists what the lock files lock, no more and no less."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def locked(name: str) -> set[tuple[str, str]]:
    text = (ROOT / name).read_text("utf-8")
    return set(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("variant", ["cpu", "cuda"])
def test_sbom_lists_the_locked_packages(variant: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            "make",
            "--no-print-directory",
            "--assume-old=.venv/.installed",
            "sbom",
            f"SBOM={tmp_path}",
            f"BIN={Path(sys.executable).parent}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / f"pleura-{variant}.cdx.json").read_text("utf-8"))
    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "pleura"
    listed = {(one["name"], one["version"]) for one in document["components"]}
    assert len(listed) > 20
    assert listed == locked(f"requirements-{variant}.txt")
