import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.audit import audit

OFFLINE = (
    "Traceback (most recent call last):\n"
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='example.org', port=443): Max retries "
    "exceeded"
)
KNOWN = {"name": "x", "version": "1", "vulns": []}
UNKNOWN = {"name": "y", "skip_reason": "unknown"}


@pytest.mark.parametrize(
    ("output", "errors", "clean", "told"),
    [
        ({"dependencies": [KNOWN]}, "", True, "no known weakness in 1 dependencies\\.$"),
        ({"dependencies": [KNOWN, UNKNOWN]}, "", True, "no known weakness in 1 .* 1 are unknown"),
        ({"dependencies": [UNKNOWN]}, "", True, "nothing was audited"),
        ({"dependencies": [KNOWN | {"vulns": [{"id": "CVE-1"}]}]}, "", False, "x 1: CVE-1"),
        ("", OFFLINE, True, "can be reached from here, nothing was audited"),
        ("", "ERROR: unknown argument --disable-pip", False, r"exit code 1 .*unknown argument --disable-pip"),
        ("", "", False, "wrote nothing.*nothing was audited"),
        ("Found 3 vulnerabilities", "", False, "no report could be read"),
        ({"results": []}, "a new format", False, "no report could be read .a new format."),
        ([1, 2], "", False, "no report could be read"),
        ('{"dependencies": [', "", False, "no report could be read"),
    ],
)
def test_audit_fails_at_a_known_vulnerability_only(
    monkeypatch: pytest.MonkeyPatch, output: Any, errors: str, clean: bool, told: str
) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        text = output if isinstance(output, str) else json.dumps(output)
        return subprocess.CompletedProcess(command, 1, text, errors)

    monkeypatch.setattr("tests.reliability.audit.subprocess.run", run)
    found = audit(Path("requirements.txt"))
    assert found[0] is clean
    assert re.search(told, found[1])
