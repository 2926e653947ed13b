"""A run to be killed; prints each finished name.

python -m tests.bulk.ray.driver CLUSTER IN OUT GATE NAMES…
"""

import logging
import sys
from pathlib import Path

import ray

from bulk.ray.run import segment_all

from .clusters import TWO, Gate, job


def main(address: str, source: str, out: str, gate: str, *names: str) -> None:
    ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    for outcome in segment_all(job(source, out, gate=Gate(Path(gate))), names, TWO):
        print(outcome.name, flush=True)  # noqa: T201 - for the test that started this


if __name__ == "__main__":
    main(*sys.argv[1:])
