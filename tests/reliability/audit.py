"""``make audit``: asks pip-audit for known weaknesses of the locked dependencies. Offline it says so, and does not fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import typer

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"


def audit(requirements: Path) -> tuple[bool, str]:
    """Whether no weakness is known, and what was found, for people."""
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
    except (ValueError, KeyError):
        return True, "pip-audit: nobody can be asked from here, nothing was audited."
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
    told = f"pip-audit: no known weakness in {len(dependencies) - skipped} dependencies"
    return True, told + (f"; {skipped} are unknown to whom can be asked from here." if skipped else ".")


if __name__ == "__main__":
    clean, told = audit(REQUIREMENTS)
    typer.echo(told)
    sys.exit(not clean)
