"""Limits and failures: as at other endpoints, with errors in the protocol's form."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from model.errors import EngineError
from tests.app.conftest import MakeClient, Service
from tests.app.fakes import encode, picture
from tests.app.raw import connected, head
from tests.app.waiting import wait_until

ADDRESS = "/v2/models/pleura/infer"


def body(count: int) -> dict[str, Any]:
    data = [b64encode(encode(picture())).decode()] * count
    return {"inputs": [{"name": "image", "shape": [count], "datatype": "BYTES", "data": data}]}


def infer(client: Service, count: int = 1) -> httpx.Response:
    return client.post(ADDRESS, json=body(count))


def waiting(client: Service, count: int) -> None:
    wait_until(lambda: f"pleura_queue_depth {count}.0" in client.get("/metrics").text)


def test_too_large_body_is_rejected(make_client: MakeClient) -> None:
    client = make_client(max_upload_mb=0.001)
    answer = client.post(ADDRESS, content=bytes(2000))
    assert answer.status_code == 413
    assert answer.json() == {"error": "The body is larger than the allowed 0.001 MB. Send a smaller image."}


def test_full_queue_is_answered_with_429(make_client: MakeClient) -> None:
    client = make_client(queue_size=2, workers=1)
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        taken = [threads.submit(infer, client)]
        assert client.engine.entered.wait(20)
        taken.append(threads.submit(infer, client, 2))
        waiting(client, 2)
        answer = infer(client)
        assert answer.status_code == 429
        assert list(answer.json()) == ["error"]
        assert int(answer.headers["retry-after"]) >= 1
        client.engine.release()
        assert [one.result().status_code for one in taken] == [200, 200]
    assert client.engine.batches == [1, 1, 1]


def test_request_with_more_images_than_free_slots_fails_as_a_whole(make_client: MakeClient) -> None:
    client = make_client(queue_size=2, workers=1)
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        taken = [threads.submit(infer, client)]
        assert client.engine.entered.wait(20)
        taken.append(threads.submit(infer, client))
        waiting(client, 1)
        assert infer(client, 2).status_code == 429
        waiting(client, 1)
        client.engine.release()
        assert [one.result().status_code for one in taken] == [200, 200]
    waiting(client, 0)
    assert client.engine.batches == [1, 1]


def test_more_images_than_the_queue_has_slots_are_rejected(make_client: MakeClient) -> None:
    answer = infer(make_client(queue_size=2), 3)
    assert answer.status_code == 422
    assert answer.json() == {"error": "Send at most 2 images in one request."}


def test_deadline_is_answered_with_504(make_client: MakeClient) -> None:
    client = make_client(deadline_s=0.2)
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(infer, client)
        assert client.engine.entered.wait(20)
        answer = infer(client, 2)
        assert answer.status_code == 504
        assert list(answer.json()) == ["error"]
        client.engine.release()
        assert running.result().status_code == 200
    assert client.engine.batches == [1]


def test_disconnected_client_costs_no_inference(make_client: MakeClient) -> None:
    client = make_client()
    client.engine.hold()
    sent = client.build_request("POST", ADDRESS, json=body(2)).read()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(infer, client)
        assert client.engine.entered.wait(20)
        with connected(client.port, head(ADDRESS, length=len(sent)) + sent):
            waiting(client, 2)
        waiting(client, 0)
        client.engine.release()
        assert running.result().status_code == 200
    assert infer(client).status_code == 200
    assert client.engine.batches == [1, 1]


def test_engine_failure_is_answered_with_503(make_client: MakeClient) -> None:
    client = make_client()
    client.engine.failure = EngineError("The network could not be run: try again later.")
    answer = infer(client, 2)
    assert answer.status_code == 503
    assert answer.json() == {"error": "The network could not be run: try again later."}
    assert int(answer.headers["retry-after"]) >= 1


def test_stopping_service_is_not_ready(make_client: MakeClient) -> None:
    client = make_client()
    client.server.lifecycle.draining = True
    assert client.get("/v2/health/live").json() == {"live": True}
    for answer in (client.get("/v2/health/ready"), client.get("/v2/models/pleura/ready"), infer(client)):
        assert answer.status_code == 503
        assert list(answer.json()) == ["error"]
        assert answer.headers["retry-after"]
    client.server.lifecycle.draining = False


def test_damaged_image_ends_the_request_at_once(make_client: MakeClient) -> None:
    client = make_client(workers=1)
    client.engine.hold()
    mixed = body(2)
    mixed["inputs"][0]["data"][1] = b64encode(b"text").decode()
    answer = client.post(ADDRESS, json=mixed)
    assert answer.status_code == 415
    assert answer.json()["error"].startswith("Image 2: ")
    client.engine.release()
    waiting(client, 0)
    assert infer(client).status_code == 200
