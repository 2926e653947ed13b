"""A new checkpoint replaces the old one while requests are served."""

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from weakref import ref

import httpx
import pytest

from app.settings import Settings
from model.errors import CheckpointError, EngineError
from model.segmenter import Segmenter
from tests.app.conftest import MakeClient, Service
from tests.app.fakes import FakeEngine, encode, picture, segmenter
from tests.app.waiting import wait_until

IMAGE = encode(picture())
KEY = {"Authorization": "Bearer one"}


def named(name: str, engine: FakeEngine | None = None) -> Segmenter:
    made = segmenter(engine)
    made.metadata = made.metadata.model_copy(update={"name": name, "sha256": name[0] * 64})
    return made


def loads(client: Service, load: Callable[[], Segmenter]) -> None:
    client.server.lifecycle.load = load


def reload(client: Service) -> httpx.Response:
    return client.post("/model/reload", headers=KEY)


def serving(client: Service) -> str:
    document = client.get("/model", headers=KEY).json()
    name: str = document["name"]
    return name


def test_new_checkpoint_serves_after_reload(make_client: MakeClient) -> None:
    client = make_client(api_key="one")
    engine = FakeEngine()
    loads(client, lambda: named("new", engine))
    answer = reload(client)
    assert answer.status_code == 200
    assert answer.json()["name"] == serving(client) == "new"
    assert engine.batches, "it was tried before it served"
    engine.batches.clear()
    segmented = client.post("/segment", content=IMAGE, headers=KEY).json()
    assert segmented["model"]["name"] == "new"
    assert (client.engine.batches, engine.batches) == ([], [1])
    metrics = client.get("/metrics").text
    assert 'pleura_reloads_total{outcome="done"} 1.0' in metrics
    assert f'sha256="{"n" * 64}"' in metrics


def test_old_network_is_released(make_client: MakeClient) -> None:
    """It is some 100 MB, and more on a GPU."""
    client = make_client(api_key="one")
    assert client.post("/segment", content=IMAGE, headers=KEY).status_code == 200
    first = ref(client.server.lifecycle.serving().segmenter)
    loads(client, lambda: named("second"))
    assert reload(client).status_code == 200
    second = ref(client.server.lifecycle.serving().segmenter)
    loads(client, lambda: named("third"))
    assert reload(client).status_code == 200
    assert client.post("/segment", content=IMAGE, headers=KEY).status_code == 200

    def gone() -> bool:
        gc.collect()
        return first() is None and second() is None

    wait_until(gone)


def test_running_requests_finish_on_the_old_checkpoint(make_client: MakeClient) -> None:
    client = make_client(api_key="one", workers=1)
    client.engine.hold()
    new = FakeEngine()
    loads(client, lambda: named("new", new))
    with ThreadPoolExecutor() as threads:
        old = [threads.submit(client.post, "/segment", content=IMAGE, headers=KEY) for _ in range(4)]
        assert client.engine.entered.wait(20)
        wait_until(lambda: "pleura_queue_depth 3.0" in client.get("/metrics").text)
        assert reload(client).status_code == 200
        later = threads.submit(client.post, "/segment", content=IMAGE, headers=KEY)
        wait_until(lambda: "pleura_queue_depth 4.0" in client.get("/metrics").text)
        client.engine.release()
        assert [one.result().json()["model"]["name"] for one in old] == ["fake"] * 4
        assert later.result().json()["model"]["name"] == "new"


def test_requests_are_served_during_a_reload(make_client: MakeClient) -> None:
    client = make_client(api_key="one")
    loading, gate = Event(), Event()

    def load() -> Segmenter:
        loading.set()
        assert gate.wait(30)
        return named("new")

    loads(client, load)
    with ThreadPoolExecutor() as threads:
        reloading = threads.submit(reload, client)
        assert loading.wait(20)
        assert client.get("/readyz").status_code == 200
        assert client.post("/segment", content=IMAGE, headers=KEY).json()["model"]["name"] == "fake"
        gate.set()
        assert reloading.result().status_code == 200


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (CheckpointError("The checkpoint x is damaged: copy it again."), "copy it again"),
        (EngineError("No such device."), "No such device"),
        (LookupError("/secret/path"), "LookupError"),
    ],
)
def test_bad_checkpoint_is_rejected_and_the_old_one_serves(
    make_client: MakeClient, failure: Exception, told: str
) -> None:
    client = make_client(api_key="one")

    def load() -> Segmenter:
        raise failure

    loads(client, load)
    answer = reload(client)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:pleura:problem:reload-failed"
    assert told in answer.json()["detail"]
    assert "/secret" not in answer.text
    assert client.get("/readyz").status_code == 200
    assert client.post("/segment", content=IMAGE, headers=KEY).json()["model"]["name"] == "fake"
    assert 'pleura_reloads_total{outcome="refused"} 1.0' in client.get("/metrics").text


def test_network_that_fails_its_trial_run_never_serves(make_client: MakeClient) -> None:
    client = make_client(api_key="one")
    loads(client, lambda: named("new", FakeEngine(failure=EngineError("Out of memory."))))
    assert reload(client).status_code == 409
    assert serving(client) == "fake"
    assert client.post("/segment", content=IMAGE, headers=KEY).status_code == 200


def test_missing_checkpoint_is_rejected(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(api_key="one")
    settings = Settings(checkpoint=tmp_path / "gone.safetensors")
    loads(client, lambda: Segmenter(settings.checkpoint))
    answer = reload(client)
    assert answer.status_code == 409
    assert "gone.safetensors" in answer.json()["detail"]
    assert str(tmp_path) not in answer.text


def test_reload_requires_a_key(make_client: MakeClient) -> None:
    client = make_client(api_key="one")
    assert client.post("/model/reload").status_code == 401
    open_to_all = make_client()
    answer = open_to_all.post("/model/reload")
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:pleura:problem:no-key"
    assert "SIGHUP" in answer.json()["detail"]


def test_reload_before_ready_is_rejected(make_client: MakeClient) -> None:
    engine = FakeEngine()
    engine.hold()
    client = make_client(engine, ready=False, api_key="one")
    assert engine.entered.wait(20)
    assert reload(client).status_code == 503
    engine.release()
