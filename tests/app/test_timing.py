"""The milliseconds of each stage, in the documents and the metrics."""

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, sleep

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import dicom, encode, picture, truth
from tests.app.waiting import wait_until

IMAGE = encode(picture())
ROUNDING_MS = 0.001
HELD_S = 0.5


def stage_seconds(client: Service) -> dict[str, float]:
    return {
        sample.labels["stage"]: sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name == "pleura_stage_seconds_sum"
    }


def test_wait_for_the_network_counts_as_queueing(make_client: MakeClient) -> None:
    client = make_client(workers=1)
    client.engine.hold()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(client.post, "/segment", content=IMAGE)
        assert client.engine.entered.wait(20)
        waiting = threads.submit(client.post, "/segment", content=IMAGE)
        wait_until(lambda: "pleura_queue_depth 1.0" in client.get("/metrics").text)
        # Long enough for the second image to be decoded, which is no wait.
        sleep(HELD_S)
        client.engine.release()
    assert running.result().json()["timing_ms"]["inference"] >= HELD_S * 1000
    assert waiting.result().json()["timing_ms"]["queue"] >= HELD_S * 1000 / 2


@pytest.mark.parametrize("path", ["/segment", "/evaluate"])
def test_stages_take_no_longer_than_the_request(make_client: MakeClient, path: str) -> None:
    client = make_client()
    files = {"image": IMAGE} | ({"mask": encode(truth())} if path == "/evaluate" else {})
    start = perf_counter()
    answer = client.post(path, files=files)
    took_ms = (perf_counter() - start) * 1000
    stages = answer.json()["timing_ms"]
    assert all(stages[stage] > 0 for stage in ("decode", "queue", "inference", "postprocess", "encode"))
    assert sum(stages.values()) <= took_ms + len(stages) * ROUNDING_MS


def test_metrics_have_the_times_of_the_document(make_client: MakeClient) -> None:
    client = make_client()
    stages = client.post("/segment", content=IMAGE).json()["timing_ms"]
    seconds = stage_seconds(client)
    assert seconds.keys() == stages.keys()
    for stage, milliseconds in stages.items():
        assert seconds[stage] * 1000 == pytest.approx(milliseconds, abs=ROUNDING_MS)


@pytest.mark.parametrize("accept", ["image/png", "application/dicom"])
def test_file_answers_have_their_times_in_the_metrics(make_client: MakeClient, accept: str) -> None:
    client = make_client()
    assert client.post("/segment", content=dicom(picture()), headers={"Accept": accept}).status_code == 200
    assert all(seconds > 0 for seconds in stage_seconds(client).values())
