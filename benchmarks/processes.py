"""Processes that end with their parent, even if it is killed. Linux only."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

STOP_TIMEOUT_S = 10.0

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent ends."""
    parent = os.getppid()
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def kept(command: list[str]) -> list[str]:
    """Return the command under a supervisor that ends all its processes when it, or its parent, ends."""
    return [sys.executable, "-m", "benchmarks.processes", *command]


def family(pid: int) -> list[int]:
    """Return the ids of a process and its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def peak_bytes(pid: int) -> int:
    """Return the peak resident memory of a process; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def cpu_s(pid: int) -> float:
    """Return the processor time of a process so far; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl failed")


def _keep(command: list[str]) -> int:
    """Run the command; whatever it leaves behind becomes this process's own child, and is ended with it."""
    # What a process leaves that started it and ended would else go to init, out of sight.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    end_with_parent(signal.SIGTERM)
    process = subprocess.Popen(command)
    try:
        return process.wait()
    finally:
        _end_all()


def _stop(number: int, _: FrameType | None) -> None:
    # The first signal is enough: what follows takes its time.
    for other in (signal.SIGTERM, signal.SIGINT):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _end_all() -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_TIMEOUT_S
        for pid in _others():
            _send(pid, number)
        while _others():
            if time.monotonic() > until:
                break
            time.sleep(0.05)


def _others() -> list[int]:
    """All running descendants of this process."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return []
    return family(os.getpid())[1:]


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


if __name__ == "__main__":
    sys.exit(_keep(sys.argv[1:]))
