from collections.abc import Callable

import pytest

from pacs.errors import Stopped, Unavailable
from pacs.postponed import LONGEST_S as HOUR
from pacs.postponed import MOST_FAILURES, Postponed
from pacs.retries import LONGEST_S, Retries


def failing(times: int, **options: float) -> Callable[[], str]:
    failures = [Unavailable("status 503", **options) for _ in range(times)]

    def call() -> str:
        if failures:
            raise failures.pop()
        return "done"

    return call


class Clock:
    """Records pauses instead of sleeping."""

    def __init__(self, *, stop_after: int = 10_000) -> None:
        self.waits: list[float] = []
        self._stop_after = stop_after

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return len(self.waits) >= self._stop_after


def test_pauses_double_up_to_a_minute() -> None:
    clock = Clock()
    assert Retries(clock.wait)(failing(2000), attempts=None) == "done"
    assert len(clock.waits) == 2000
    for attempt, pause in enumerate(clock.waits):
        full = min(2**attempt, LONGEST_S)
        assert full / 2 <= pause <= full


def test_last_attempt_raises() -> None:
    clock = Clock()
    with pytest.raises(Unavailable):
        Retries(clock.wait)(failing(3), attempts=3)
    assert len(clock.waits) == 2
    assert Retries(clock.wait)(failing(2), attempts=3) == "done"


def test_stop_request_ends_retries() -> None:
    with pytest.raises(Stopped):
        Retries(Clock(stop_after=2).wait)(failing(5), attempts=None)


@pytest.mark.parametrize(("asked", "waited"), [(17, 17), (10**9, LONGEST_S)])
def test_retry_after_is_honoured_up_to_the_longest_pause(asked: float, waited: float) -> None:
    clock = Clock()
    Retries(clock.wait)(failing(1, retry_after_s=asked), attempts=None)
    assert clock.waits == [waited]


def test_postponed_instance_is_tried_less_often_and_then_given_up() -> None:
    now = 0.0
    postponed = Postponed(lambda: now)
    pauses = []
    while postponed.put("1.2", series="1"):
        began = now
        while postponed.holds("1.2"):
            now += 30
        pauses.append(now - began)
    assert pauses[:4] == [60, 120, 240, 480]
    assert pauses[-1] == HOUR
    assert len(pauses) == MOST_FAILURES - 1
    assert not postponed.knows("1.2")
    assert len(postponed) == 0


def test_success_resets_the_failure_count() -> None:
    postponed = Postponed(lambda: 0)
    postponed.put("1.2", series="1")
    assert postponed.holds("1.2")
    postponed.forget("1.2")
    postponed.forget("1.3")
    assert not postponed.holds("1.2")
    assert len(postponed) == 0
