"""Signals to a process that has ended its engines."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ENDED_THEN_SIGNALLED = """
import faulthandler, gc, os, signal, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from model.checkpoint import read_checkpoint
from model.engines.choice import choose_engine

faulthandler.enable()
signal.signal(signal.SIGTERM, lambda number, frame: print("heard"))

def made(path):
    engine = choose_engine(read_checkpoint(Path(path)), engine="openvino")
    engine(np.zeros((1, 1, 64, 64), np.float32))
    return engine

first, second = sys.argv[1:]
if {threaded}:
    with ThreadPoolExecutor(1) as pool:
        engines = [pool.submit(made, first).result(), made(second)]
else:
    engines = [made(first), made(second)]
del engines[{ended_first}]
gc.collect()
os.kill(os.getpid(), signal.SIGTERM)
engines.clear()
gc.collect()
os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize("ended_first", [0, 1])
def test_signals_work_after_engines_end(two: tuple[Path, Path], threaded: bool, ended_first: int) -> None:
    program = ENDED_THEN_SIGNALLED.format(threaded=threaded, ended_first=ended_first)
    ended = subprocess.run(
        [sys.executable, "-c", program, *two], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["heard", "heard"]
