import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import gil


def with_the_gil() -> None:
    """Hold the GIL, as a decoder may."""
    sum(range(10_000_000))


@pytest.mark.parametrize(
    ("decode", "least", "most"),
    [(with_the_gil, 0.8, 1.0), (lambda: time.sleep(0.2), 0.0, 0.5)],
    ids=["holds it", "does not"],
)
def test_longest_wait_shows_who_holds_the_gil(
    decode: Callable[[], None],
    least: float,
    most: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(gil, "read", lambda _: decode())
    found = gil.held(b"", repeats=3)
    assert least <= found.waited / found.read <= most
    (tmp_path / "film.png").touch()
    monkeypatch.setattr(sys, "argv", ["gil", str(tmp_path / "film.png")])
    gil.main()
    assert "film.png" in capsys.readouterr().out
