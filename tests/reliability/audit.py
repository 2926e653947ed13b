"""``make audit``: known vulnerabilities of the locked dependencies by pip-audit; passes when offline."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import typer

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"

_UNREACHABLE = re.compile(r"ConnectionError|ProxyError|SSLError|Timeout|Could not connect|Failed to connect")
"""What requests and pip-audit say where no vulnerability service answers."""


def audit(requirements: Path) -> tuple[bool, str]:
    """Return whether no vulnerability is known, and the result in words."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(requirements)),
            *("--disable-pip", "--require-hashes", "--progress-spinner", "off"),
            *("--timeout", "10", "--format", "json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if _UNREACHABLE.search(done.stderr):
            return True, "pip-audit: no vulnerability service can be reached from here, nothing was audited."
        reason = (done.stderr.strip() or "it wrote nothing").splitlines()[-1]
        return False, (
            f"pip-audit failed with exit code {done.returncode} and no report could be read ({reason}): "
            "nothing was audited. Run `python -m pip_audit --requirement requirements.txt --disable-pip "
            "--require-hashes` to see why."
        )
    weak = [
        f"{one['name']} {one['version']}: {', '.join(known['id'] for known in one['vulns'])}"
        for one in dependencies
        if one.get("vulns")
    ]
    if weak:
        return False, "\n".join(
            ["pip-audit: known weaknesses; raise these in pyproject.toml, then make lock:", *weak]
        )
    skipped = sum("skip_reason" in one for one in dependencies)
    if skipped == len(dependencies):
        return True, f"pip-audit: the service knows none of the {skipped} dependencies, nothing was audited."
    told = f"pip-audit: no known weakness in {len(dependencies) - skipped} dependencies"
    return True, told + (f"; {skipped} are unknown to the service." if skipped else ".")


if __name__ == "__main__":
    clean, told = audit(REQUIREMENTS)
    typer.echo(told)
    sys.exit(not clean)
