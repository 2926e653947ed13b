"""The page's memory and speed are measured in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import page
from tests.app.conftest import Service, _service

pytestmark = pytest.mark.slow


@pytest.fixture
def service() -> Iterator[Service]:
    if not Path(page.CHROMIUM).exists():
        pytest.skip(f"{page.CHROMIUM} is not here: install Debian's package chromium")
    with _service(None, ready=True) as client:
        yield client


def test_memory_of_each_step_is_measured(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    found = page.memory(str(service.base_url), page.films(3, 64))
    assert [row[0] for row in found.rows if row] == [
        "empty page",
        "opened",
        "kept for a reload",
        "paged through",
        "reloaded, paged through",
    ]
    for row in found.rows:
        assert row is not None
        now, peak, heap, browser = map(int, row[1:])
        assert 0 < heap < now <= peak < browser
    assert len(list((tmp_path / "images" / "films-64").glob("*.dcm"))) == 1


def test_times_are_measured(service: Service) -> None:
    found = page.speed(str(service.base_url), rounds=1)
    assert [row[0] for row in found.rows if row] == ["first contentful paint", "sample to outline"]
    assert all(float(row[1]) > 0 for row in found.rows if row)
