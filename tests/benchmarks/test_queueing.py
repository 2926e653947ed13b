"""The queueing model: against queueing theory, against the service's rules, and the command."""

import sys
from pathlib import Path

import pytest

from benchmarks import images, overload, systems
from benchmarks.images import Picture
from benchmarks.queueing import Service, constant, poisson, simulate
from tests.benchmarks.printed import printed_rows

NETWORK = Service(network_s=0.05, streams=1, queue_size=1_000_000, deadline_s=1e9)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_mean_wait_is_that_of_an_m_d_1_queue(load: float) -> None:
    found = simulate(NETWORK, poisson(load * NETWORK.capacity, 6_000, seed=1))
    mean = sum(found.latencies_ms) / len(found.latencies_ms)
    # Pollaczek-Khinchine with a constant service time s: s + load * s / (2 (1 - load)).
    assert mean == pytest.approx(50 + load * 50 / (2 * (1 - load)), rel=0.08)
    assert found.share(200) == 1


@pytest.mark.parametrize("load", [1.5, 2, 10])
def test_what_exceeds_the_capacity_is_refused(load: float) -> None:
    service = Service(network_s=0.05, queue_size=32)
    found = simulate(service, poisson(load * service.capacity, 600))
    assert found.share(429) == pytest.approx(1 - 1 / load, abs=0.01)
    assert found.share(504) == 0
    assert found.percentile("p99") == pytest.approx(1000 * service.overload_latency_s, rel=0.06)


def test_a_queue_longer_than_the_deadline_gives_504() -> None:
    service = Service(network_s=0.5, streams=1, queue_size=64, deadline_s=5)
    found = simulate(service, constant(4, 300))
    assert found.share(504) > 0.3
    assert found.percentile("p99") <= 1000 * (5 + 0.5)
    short = Service(network_s=0.5, streams=1, queue_size=8, deadline_s=5)
    assert simulate(short, constant(4, 300)).share(504) == 0


def test_each_request_has_one_outcome() -> None:
    service = Service(network_s=0.2, prepare_s=0.02, finish_s=0.03, queue_size=4, deadline_s=0.3)
    found = simulate(service, poisson(50, 60))
    assert set(found.statuses) == {200, 429, 504}
    assert found.statuses.total() == len(list(poisson(50, 60)))


def test_an_idle_service_answers_in_its_own_time() -> None:
    service = Service(network_s=0.1, prepare_s=0.02, finish_s=0.01)
    assert simulate(service, constant(2, 10)).latencies_ms == pytest.approx([130] * 20)


def test_batches_share_the_network() -> None:
    batched = Service(network_s=0.1, streams=1, max_batch=8)
    assert batched.capacity == pytest.approx(80)
    assert simulate(batched, poisson(40, 60)).share(429) == 0
    alone = Service(network_s=0.1, streams=1, max_batch=1)
    assert simulate(alone, poisson(40, 60)).share(429) > 0.5


def test_slow_reading_is_the_bottleneck() -> None:
    service = Service(network_s=0.01, prepare_s=0.2, workers=2, queue_size=8)
    assert service.capacity == pytest.approx(10)
    assert simulate(service, constant(20, 60)).share(429) == pytest.approx(0.5, abs=0.05)


def test_the_recorded_overload_is_reproduced() -> None:
    """As docs/explanation/reliability.md has it: a minute at 194/s, 32 slots, 756 × 200, 10,857 × 429."""
    service = Service(network_s=2 * 60 / 756, queue_size=32)
    found = simulate(service, constant(194, 60))
    assert found.share(429) == pytest.approx(10_857 / (10_857 + 756), abs=0.01)
    assert found.percentile("p50") == pytest.approx(2600, rel=0.1)


def test_the_service_refuses_what_the_model_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (images, systems):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    service = Service(network_s=1.0, streams=1, queue_size=3)
    # Twenty requests at once, far more than the queue holds: no result depends on how fast the machine is.
    (real,) = overload.measure(service, Picture(64, "png8"), loads=(100.0,), seconds=0.2)
    model = simulate(service, constant(100.0, 0.2))
    assert real.statuses.total() == model.statuses.total() == 20
    assert set(real.statuses) == set(model.statuses) == {200, 429}
    # The load generator sends one request before it measures.
    assert abs(real.statuses[200] - model.statuses[200]) <= 1


def test_the_command_prints_the_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["overload", "--network-ms=100", "--queue-size=4"])
    overload.main()
    shown = capsys.readouterr().out
    assert "4 slots" in shown
    assert "429" in shown


def test_the_documented_table_is_that_of_the_committed_results(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = printed_rows(overload.main, monkeypatch, capsys)
    assert len(rows) == 11
    document = Path(__file__).parents[2] / "docs" / "explanation" / "batcher.md"
    assert "\n".join(rows) in document.read_text()
