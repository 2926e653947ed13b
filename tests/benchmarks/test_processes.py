"""What a benchmark started ends with it, however it ends."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 60_000

# A service with two children, one of which left its session and lost its parent, as daemons do.
SERVICE = "sleep 1000 & a=$!; (setsid sleep 1000 & echo $!); echo $a; echo $$; exec sleep 1000"
BENCHMARK = f"""
import signal, subprocess
from benchmarks.processes import kept
# A shell that runs the tests in its background lets them ignore interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
keeper = subprocess.Popen(kept(["sh", "-c", {SERVICE!r}]), start_new_session=True)
try:
    keeper.wait()
finally:
    keeper.terminate()
    keeper.wait()
"""


def ended(process: int) -> bool:
    """Return whether a process, given by its file descriptor, ends before the timeout."""
    poll = select.poll()
    poll.register(process, select.POLLIN)
    return bool(poll.poll(PATIENCE_MS))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_running(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BENCHMARK],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as benchmark:
        try:
            assert benchmark.stdout is not None
            started = [os.pidfd_open(int(benchmark.stdout.readline())) for _ in range(3)]
            benchmark.send_signal(number)
            assert all(ended(process) for process in started)
            for process in started:
                os.close(process)
        finally:
            benchmark.kill()


def test_exit_code_of_the_command_is_returned() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.processes", "sh", "-c", "exit 3"], cwd=ROOT, check=False
    )
    assert done.returncode == 3
