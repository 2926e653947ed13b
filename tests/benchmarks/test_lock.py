import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import lock


def with_the_lock() -> None:
    """Keep Python's lock, as a decoder may."""
    sum(range(10_000_000))


@pytest.mark.parametrize(
    ("decode", "least", "most"),
    [(with_the_lock, 0.8, 1.0), (lambda: time.sleep(0.2), 0.0, 0.5)],
    ids=["keeps the lock", "does not"],
)
def test_longest_wait_shows_who_keeps_the_lock(
    decode: Callable[[], None],
    least: float,
    most: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(lock, "read", lambda _: decode())
    found = lock.held(b"", repeats=3)
    assert least <= found.waited / found.read <= most
    (tmp_path / "film.png").touch()
    monkeypatch.setattr(sys, "argv", ["lock", str(tmp_path / "film.png")])
    lock.main()
    assert "film.png" in capsys.readouterr().out
