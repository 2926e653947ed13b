"""Where the time of one request goes: ``python -m benchmarks.profile_request [--side 512] [--kind png8]``.

Requests are sent one at a time; what the service tells of its stages on ``/metrics`` is set against
what the client waits.
"""

from __future__ import annotations

import argparse
import urllib.request
from typing import Any

import numpy as np
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from .images import Picture
from .measure import load
from .systems import Running, pleura, served_checkpoint, started
from .tables import stages


def profile(service: Running, picture: Picture, *, seconds: float) -> dict[str, Any]:
    """Mean milliseconds by stage, one request at a time, and the share of it that is not the network."""
    (port,) = service.ports
    before = _stages(port)
    found = load(service, picture, seconds=seconds, concurrency=1)
    after = _stages(port)
    stages = {
        stage: 1000
        * (after[stage][0] - before.get(stage, (0, 0))[0])
        / (after[stage][1] - before.get(stage, (0, 0))[1])
        for stage in after
    }
    waited = float(np.mean(found["latencies_ms"]))
    return {
        "picture": picture.name,
        "stages_ms": stages,
        "request_ms": waited,
        "rest_ms": waited - sum(stages.values()),
        "outside": 1 - stages["inference"] / waited,
    }


def _stages(port: int) -> dict[str, tuple[float, float]]:
    """For each stage its seconds and its requests so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    sums: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        if family.name == "pleura_stage_seconds":
            for sample in family.samples:
                if sample.name.endswith(("_sum", "_count")):
                    sums.setdefault(sample.labels["stage"], {})[sample.name.rsplit("_", 1)[1]] = sample.value
    return {stage: (found["sum"], found["count"]) for stage, found in sums.items()}


def main() -> None:
    """Start Pleura and profile it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--kind", choices=("jpeg", "png8", "png16"), default="png8")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    with started(pleura(served_checkpoint(), device=options.device)) as service:
        picture = Picture(options.side, options.kind)
        stages(profile(service, picture, seconds=options.seconds)).show(Console())


if __name__ == "__main__":
    main()
