"""Calls of the measuring processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .images import Picture
from .systems import ROOT, Running


def load(service: Running, picture: Picture, *, seconds: float, **kind: Any) -> dict[str, Any]:
    """Send ``picture`` to ``service``, with ``concurrency`` (closed loop) or ``rate`` (open loop)."""
    plan = {"ports": service.ports, "request": str(service.request_file(picture)), "seconds": seconds, **kind}
    return _module("benchmarks.load", plan)


def upper_bound(checkpoint: Path, picture: Picture, *, seconds: float) -> dict[str, float]:
    """See `benchmarks.upper_bound`."""
    picture.data()
    plan = {
        "checkpoint": str(checkpoint),
        "image": str(picture.path),
        "side": picture.side,
        "seconds": seconds,
    }
    return _module("benchmarks.upper_bound", plan)


def _module(name: str, plan: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", name, json.dumps(plan)],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        check=True,
        timeout=600,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
