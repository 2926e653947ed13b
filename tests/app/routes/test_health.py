from concurrent.futures import ThreadPoolExecutor

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import FakeEngine, encode, picture
from tests.app.waiting import wait_until


def test_service_is_alive_and_ready(shared_client: Service) -> None:
    assert shared_client.get("/healthz").json() == {"status": "alive"}
    assert shared_client.get("/readyz").json() == {"status": "ready"}


def test_service_is_not_ready_until_warm(make_client: MakeClient) -> None:
    engine = FakeEngine()
    engine.hold()
    client = make_client(engine, ready=False)
    assert engine.entered.wait(20), "warming up"
    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", "/model"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
        assert "loading" in answer.json()["detail"]
    assert client.post("/segment", content=encode(picture())).status_code == 503
    engine.release()
    wait_until(lambda: client.get("/readyz").status_code == 200)


def test_probes_answer_while_the_network_is_busy(make_client: MakeClient) -> None:
    client = make_client()
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        waiting = [threads.submit(client.post, "/segment", content=encode(picture())) for _ in range(5)]
        assert client.engine.entered.wait(20)
        for path in ("/healthz", "/readyz", "/metrics", "/model"):
            assert client.get(path).status_code == 200
        assert not any(one.done() for one in waiting)
        client.engine.release()
        assert [one.result().status_code for one in waiting] == [200] * 5
