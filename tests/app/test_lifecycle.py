import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app import lifecycle, pipeline
from app.main import create_app
from app.server import make_server
from app.settings import Settings
from model.errors import EngineError
from tests.app.conftest import MakeClient, Service
from tests.app.fakes import FakeEngine, encode, picture, segmenter
from tests.app.raw import connected, everything, head, parse
from tests.app.waiting import wait_until

IMAGE = encode(picture())


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "RECOVERY_DELAY_S", 0.01)


def test_service_recovers_with_its_engine(make_client: MakeClient) -> None:
    client = make_client()
    client.engine.failure = EngineError("Out of memory.")
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        failing = threads.submit(client.post, "/segment", content=IMAGE)
        assert client.engine.entered.wait(20)
        client.engine.release()
        answer = failing.result()
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert answer.json()["type"] == "urn:pleura:problem:engine-failed"
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert client.post("/segment", content=IMAGE).status_code == 503
    client.engine.failure = None
    wait_until(lambda: client.get("/readyz").status_code == 200)
    assert client.post("/segment", content=IMAGE).status_code == 200
    assert "pleura_engine_failures_total 1.0" in client.get("/metrics").text


def test_engine_that_keeps_failing_ends_the_service(make_client: MakeClient) -> None:
    client = make_client()
    client.engine.failure = RuntimeError("driver gone")
    assert client.post("/segment", content=IMAGE).status_code == 503
    wait_until(lambda: client.server.should_exit)
    failure = client.server.lifecycle.failure
    assert failure is not None
    assert "keeps failing" in failure


def test_hanging_engine_makes_the_service_unready(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "INFERENCE_TIMEOUT_S", 0.2)
    client = make_client()
    client.engine.hold()
    assert client.post("/segment", content=IMAGE).status_code == 503
    assert client.get("/readyz").status_code == 503
    client.engine.release()
    wait_until(lambda: client.get("/readyz").status_code == 200)


class Broken:
    """A metric that fails: an unexpected error of the batch loop between two batches."""

    def __init__(self, times: int) -> None:
        self.left = times

    def observe(self, _: float) -> None:
        self.left -= 1
        if self.left >= 0:
            raise LookupError("unforeseen")


def break_loop(client: Service, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    telemetry = client.server.config.app.state.telemetry  # type: ignore[union-attr]
    monkeypatch.setattr(telemetry, "batch_size", Broken(times))


def test_failing_batch_loop_makes_the_service_unready(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client()
    monkeypatch.setattr(lifecycle, "RECOVERY_DELAY_S", 1000)
    break_loop(client, monkeypatch, times=1)
    answer = client.post("/segment", content=IMAGE)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert client.post("/segment", content=IMAGE).status_code == 503
    assert "batch loop failed" in caplog.messages
    assert client.server.lifecycle.failure is None


def test_failing_batch_loop_answers_all_waiting_requests(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(workers=2)
    break_loop(client, monkeypatch, times=1)
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        asked = [threads.submit(client.post, "/segment", content=IMAGE) for _ in range(4)]
        assert client.engine.entered.wait(20)
        wait_until(lambda: "pleura_queue_depth 3.0" in client.get("/metrics").text)
        client.engine.release()
        statuses = [one.result().status_code for one in asked]
    # Whoever was still being decoded comes to the loop that was started again.
    assert 503 in statuses
    assert set(statuses) <= {200, 503}


def test_restarted_batch_loop_serves(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client()
    # Less often than is too often, however fast it is.
    for _ in range(lifecycle.RESTARTS - 1):
        break_loop(client, monkeypatch, times=1)
        assert client.post("/segment", content=IMAGE).status_code == 503
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/segment", content=IMAGE).status_code == 200


def test_occasionally_failing_batch_loop_is_always_restarted(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "RESTARTS_WITHIN_S", 0)
    client = make_client()
    for _ in range(2 * lifecycle.RESTARTS):
        break_loop(client, monkeypatch, times=1)
        assert client.post("/segment", content=IMAGE).status_code == 503
        wait_until(lambda: client.get("/readyz").status_code == 200)


def test_batch_loop_that_keeps_failing_ends_the_service(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client()
    break_loop(client, monkeypatch, times=1000)
    for _ in range(lifecycle.RESTARTS):
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/segment", content=IMAGE).status_code == 503
    wait_until(lambda: client.server.should_exit)
    assert "batch loop keeps failing" in str(client.server.lifecycle.failure)


def test_missing_checkpoint_ends_the_service(tmp_path: Path) -> None:
    settings = Settings(port=0, checkpoint=tmp_path / "missing.safetensors")
    app = create_app(settings)
    make_server(app, settings).run()
    assert "missing.safetensors" in app.state.lifecycle.failure


def test_engine_that_fails_at_start_ends_the_service() -> None:
    settings = Settings(port=0)
    app = create_app(settings, segmenter=segmenter(FakeEngine(failure=EngineError("No such device."))))
    make_server(app, settings).run()
    assert app.state.lifecycle.failure == "No such device."


def test_draining_service_finishes_requests_and_rejects_new_ones(make_client: MakeClient) -> None:
    client = make_client(grace_period_s=20, workers=1)
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        taken = [threads.submit(client.post, "/segment", content=IMAGE)]
        assert client.engine.entered.wait(20)
        taken += [threads.submit(client.post, "/segment", content=IMAGE) for _ in range(2)]
        wait_until(lambda: "pleura_queue_depth 2.0" in client.get("/metrics").text)
        client.server.handle_exit(signal.SIGTERM, None)
        assert client.get("/healthz").status_code == 200
        for answer in (client.get("/readyz"), client.post("/segment", content=IMAGE)):
            assert answer.status_code == 503
            assert answer.headers["connection"] == "close"
            assert answer.headers["retry-after"]
            assert answer.json()["type"] == "urn:pleura:problem:draining"
        client.engine.release()
        assert [one.result().status_code for one in taken] == [200] * 3
    wait_until(lambda: client.server.should_exit)


def test_unfinished_requests_get_503_after_the_grace_period(make_client: MakeClient) -> None:
    client = make_client(grace_period_s=0.2, workers=1)
    client.engine.hold()
    with ThreadPoolExecutor() as threads, connected(client.port, head(length=99) + b"half") as half:
        taken = [threads.submit(client.post, "/segment", content=IMAGE) for _ in range(3)]
        wait_until(lambda: "pleura_queue_depth 2.0" in client.get("/metrics").text)
        client.server.handle_exit(signal.SIGTERM, None)
        answers = [one.result() for one in taken]
        assert [answer.status_code for answer in answers] == [503] * 3
        assert {answer.json()["type"] for answer in answers} == {"urn:pleura:problem:draining"}
        assert parse(everything(half))[0] == 503
    wait_until(lambda: client.server.should_exit)


def test_second_signal_ends_the_service_at_once(make_client: MakeClient) -> None:
    client = make_client(grace_period_s=1000)
    client.engine.hold()
    with connected(client.port, head(length=len(IMAGE)) + IMAGE):
        assert client.engine.entered.wait(20)
        client.server.handle_exit(signal.SIGTERM, None)
        client.server.handle_exit(signal.SIGTERM, None)
        wait_until(lambda: not client.server.servers[0].is_serving())
