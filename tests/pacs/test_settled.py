"""The memory of a watcher that runs for years."""

import tracemalloc
from collections.abc import Callable

import pytest

from pacs.settled import KEPT_S, Settled
from pacs.worker import Outcome
from tests.app.fakes import segmenter
from tests.pacs.conftest import Watched
from tests.pacs.radiographs import in_one_series, radiograph, read
from tests.pacs.stand_in import Answer, StandIn

Watch = Callable[..., Watched]


@pytest.mark.slow
def test_series_no_longer_listed_are_forgotten(stand_in: StandIn, watch: Watch) -> None:
    """As with --days: day after day other studies are listed."""
    watcher = watch()
    for day in range(20):
        stand_in.files[:] = [radiograph() for _ in range(3)]
        watcher.once()
        assert watcher.outcomes[Outcome.STORED] == 3 * (day + 1)
        assert len(watcher.settled) <= 6
        watcher.now += KEPT_S + 1


def test_listed_series_are_remembered(stand_in: StandIn, watch: Watch) -> None:
    """Also what leaves nothing in the archive, where only the memory knows that it was looked at."""
    stand_in.files.append(radiograph())
    watcher = watch(segmenter())
    for _ in range(20):
        watcher.once()
        watcher.now += KEPT_S - 1
    assert watcher.outcomes == {Outcome.WITHHELD: 1}


def test_temporarily_empty_search_repeats_nothing(stand_in: StandIn, watch: Watch) -> None:
    stand_in.files.append(radiograph())
    watcher = watch(segmenter())
    watcher.once()
    stand_in.quirk = lambda request, usual: Answer(204)
    for _ in range(3):
        watcher.now += KEPT_S / 4
        watcher.once()
    stand_in.quirk = lambda request, usual: usual()
    watcher.once()
    assert watcher.outcomes == {Outcome.WITHHELD: 1}


def test_growing_series_is_searched_for_new_instances(stand_in: StandIn, watch: Watch) -> None:
    watcher = watch(segmenter())
    for number, data in enumerate(in_one_series({}, {}, {}, {}), start=1):
        stand_in.files.append(data)
        watcher.once()
        assert watcher.outcomes == {Outcome.WITHHELD: number}


def test_postponed_instance_that_is_gone_is_forgotten(stand_in: StandIn, watch: Watch) -> None:
    alone = radiograph()
    first, second = in_one_series({}, {})
    stand_in.files.extend([alone, first, second])
    stand_in.quirk = lambda request, usual: Answer(503) if "/instances/" in str(request.url) else usual()
    watcher = watch()
    watcher.once()
    assert len(watcher.postponed) == 3
    del stand_in.files[:2]
    watcher.once()
    assert [watcher.postponed.knows(str(read(data).SOPInstanceUID)) for data in (alone, first, second)] == [
        False,
        False,
        True,
    ]


def test_series_takes_a_few_hundred_bytes() -> None:
    settled = Settled()
    tracemalloc.start()
    try:
        for number in range(10_000):
            settled.add(f"1.2.826.0.1.3680043.8.498.{number:038}", f"1.2.826.0.1.3680043.8.499.{number:038}")
            settled.close(f"1.2.826.0.1.3680043.8.498.{number:038}", 1)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 400 * 10_000
