import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.commit_subject import fault

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "subject", ["reading: accept signed TIFF", "docs, model: name what lung means", "Merge branch 'http'"]
)
def test_subject_with_an_area_is_accepted(subject: str) -> None:
    assert fault(subject) is None


@pytest.mark.parametrize(
    ("subject", "word"),
    [("Accept signed TIFF", "area"), ("reading:", "area"), ("", "area"), ("reading: " + "x" * 64, "shorten")],
)
def test_invalid_subject_is_rejected_with_a_reason(subject: str, word: str) -> None:
    found = fault(subject)
    assert found is not None
    assert word in found


def test_hook_rejects_a_long_subject(tmp_path: Path) -> None:
    message = tmp_path / "COMMIT_EDITMSG"
    message.write_text("reading: " + "x" * 64 + "\n\nBody.\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.project.commit_subject", str(message)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "shorten it" in done.stderr
