"""`make soak`, shortened: what is sent is answered as it should be. Memory needs longer to say anything."""

import pytest

from tests.reliability.service import Service
from tests.reliability.soak import Soak, soak


def test_ordinary_use_does_not_grow_memory(service: Service) -> None:
    outcome = soak(service, seconds=3, sample_s=0.5)
    assert outcome.faults == []
    assert outcome.statuses[200] > 0
    assert len(outcome.memory) >= 1


def test_slope_of_memory_is_fitted() -> None:
    rising = Soak(memory=[(60.0 * minute, 100 + 2.0 * minute) for minute in range(60)])
    assert rising.slope_mb_per_hour == pytest.approx(120)
    assert rising.growth_mb == pytest.approx(30)
    assert Soak(memory=[(60.0 * minute, 100.0) for minute in range(60)]).growth_mb == 0
