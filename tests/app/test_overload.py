"""Overload: accepted requests are served, the rest are rejected."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.app.conftest import MakeClient
from tests.app.fakes import FakeEngine, encode, picture
from tests.app.raw import connected, head
from tests.app.waiting import wait_until

IMAGE = encode(picture())


def test_full_queue_is_answered_with_429(make_client: MakeClient) -> None:
    client = make_client(queue_size=3, workers=1)
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        taken = [threads.submit(client.post, "/segment", content=IMAGE)]
        assert client.engine.entered.wait(20)
        taken += [threads.submit(client.post, "/segment", content=IMAGE) for _ in range(3)]
        wait_until(lambda: "pleura_queue_depth 3.0" in client.get("/metrics").text)
        for _ in range(5):
            answer = client.post("/segment", content=IMAGE)
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["type"] == "urn:pleura:problem:queue-full"
        client.engine.release()
        assert [one.result().status_code for one in taken] == [200] * 4
    assert client.engine.batches == [1] * 4
    assert client.post("/segment", content=IMAGE).status_code == 200
    assert 'pleura_rejected_total{reason="queue-full"} 5.0' in client.get("/metrics").text


def test_streams_of_a_cpu_take_single_images_side_by_side(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.lifecycle.available_cpus", lambda: 2)
    client = make_client(FakeEngine(streams=2, max_batch=2))
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        running = [threads.submit(client.post, "/segment", content=IMAGE) for _ in range(3)]
        wait_until(lambda: client.engine.batches == [1, 1])
        wait_until(lambda: "pleura_queue_depth 1.0" in client.get("/metrics").text)
        assert client.engine.batches == [1, 1]
        client.engine.release()
        assert [one.result().status_code for one in running] == [200] * 3
    assert client.engine.batches == [1, 1, 1]


def test_deadline_is_answered_with_504(make_client: MakeClient) -> None:
    client = make_client(deadline_s=0.2)
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(client.post, "/segment", content=IMAGE)
        assert client.engine.entered.wait(20)
        answer = client.post("/segment", content=IMAGE)
        assert answer.status_code == 504
        assert answer.json()["type"] == "urn:pleura:problem:deadline-passed"
        client.engine.release()
        assert running.result().status_code == 200
    assert client.engine.batches == [1]


def test_disconnected_client_costs_no_inference(make_client: MakeClient) -> None:
    client = make_client()
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(client.post, "/segment", content=IMAGE)
        assert client.engine.entered.wait(20)
        with connected(client.port, head(length=len(IMAGE)) + IMAGE):
            wait_until(lambda: "pleura_queue_depth 1.0" in client.get("/metrics").text)
        wait_until(lambda: "pleura_queue_depth 0.0" in client.get("/metrics").text)
        client.engine.release()
        assert running.result().status_code == 200
    assert client.post("/segment", content=IMAGE).status_code == 200
    assert client.engine.batches == [1, 1]
    assert 'pleura_rejected_total{reason="client-gone"} 1.0' in client.get("/metrics").text


def test_client_that_disconnects_during_upload_leaves_no_trace(make_client: MakeClient) -> None:
    client = make_client()
    with connected(client.port, head(length=1000) + b"half"):
        wait_until(lambda: "pleura_uploads 1.0" in client.get("/metrics").text)
    wait_until(lambda: "pleura_uploads 0.0" in client.get("/metrics").text)
    assert client.post("/segment", content=IMAGE).status_code == 200
    assert client.engine.batches == [1]


def test_tenfold_overload_is_served_up_to_capacity(make_client: MakeClient) -> None:
    """Requests in the network and in the queue are served; all others get 429 with Retry-After."""
    client = make_client(queue_size=4, workers=1)
    client.engine.hold()

    def one(height: int) -> httpx.Response:
        return client.post("/segment?mask=none", content=encode(picture((8, 12, 16, height))))

    with ThreadPoolExecutor(40) as threads:
        asked = {10: threads.submit(one, 10)}
        assert client.engine.entered.wait(20)
        asked |= {height: threads.submit(one, height) for height in range(11, 50)}
        # One is in the network, four are in the queue; no other can be served until the engine is released.
        wait_until(lambda: sum(request.done() for request in asked.values()) == 35)
        assert client.get("/readyz").status_code == 200
        client.engine.release()
        answers = {height: request.result() for height, request in asked.items()}
    refused = [answer for answer in answers.values() if answer.status_code == 429]
    served = {height: answer for height, answer in answers.items() if answer.status_code == 200}
    assert (len(refused), len(served)) == (35, 5)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    for height, answer in served.items():
        assert answer.json()["lungs"]["right"]["area_px"] == 16 * height
    assert client.engine.batches == [1] * 5
    assert one(16).status_code == 200
