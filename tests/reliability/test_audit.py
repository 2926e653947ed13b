import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.audit import audit


@pytest.mark.parametrize(
    ("output", "clean", "told"),
    [
        ({"dependencies": [{"name": "x", "version": "1", "vulns": []}]}, True, "no known weakness in 1 "),
        (
            {"dependencies": [{"name": "x", "skip_reason": "unknown"}]},
            True,
            "no known weakness in 0 .* 1 are unknown",
        ),
        ({"dependencies": [{"name": "x", "version": "1", "vulns": [{"id": "CVE-1"}]}]}, False, "x 1: CVE-1"),
        (None, True, "nothing was audited"),
    ],
)
def test_what_is_told(monkeypatch: pytest.MonkeyPatch, output: Any, clean: bool, told: str) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(
            command, 1, "" if output is None else json.dumps(output), "offline"
        )

    monkeypatch.setattr("tests.reliability.audit.subprocess.run", run)
    found = audit(Path("requirements.txt"))
    assert found[0] is clean
    assert re.search(told, found[1])
