"""`make chaos`, shortened. Each scenario asserts what must hold; durations are told, never asserted."""

import os
import shutil
import subprocess

import pytest

from tests.reliability import scenarios

pytestmark = pytest.mark.slow


def test_ten_times_what_can_be_done() -> None:
    assert "the next request 200" in scenarios.overload(None, seconds=2, engine_s=0.1)


def test_rude_clients() -> None:
    assert "no connection was held" in scenarios.rude_clients(None, connections=40)


def test_a_full_disk() -> None:
    allowed = os.geteuid() == 0 and shutil.which("unshare") is not None
    if not allowed or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("only root on Linux may make a small disk")
    assert "got 507" in scenarios.full_disk(None, uploads=12)


def test_kills() -> None:
    assert "nothing was left" in scenarios.kills(None, times=1)


def test_stops() -> None:
    assert "no running request was lost" in scenarios.stops(None, times=1)


def test_reloads() -> None:
    assert "2 swapped" in scenarios.reloads(None, times=2)


def test_long_outlines_hold_up_no_probe() -> None:
    assert "all 200" in scenarios.long_outlines(times=2)
