from prometheus_client.parser import text_string_to_metric_families

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import encode, picture


def samples(client: Service) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_stages_and_batches_are_counted(make_client: MakeClient) -> None:
    client = make_client()
    client.post("/segment", content=encode(picture()))
    client.post("/segment", content=b"no image")
    client.get("/nowhere/at/all")
    client.request("BREW", "/segment")
    found = samples(client)

    def value(name: str, **labels: str) -> float:
        return found[name, tuple(sorted(labels.items()))]

    assert value("pleura_requests_total", method="POST", route="/segment", status="200") == 1
    assert value("pleura_requests_total", method="POST", route="/segment", status="415") == 1
    assert value("pleura_requests_total", method="GET", route="unmatched", status="404") == 1
    assert value("pleura_rejected_total", reason="unsupported-image") == 1
    assert value("pleura_segmentations_total") == 1
    assert value("pleura_batch_size_count") == 1
    assert value("pleura_ready") == 1
    assert value("pleura_queue_depth") == 0
    assert value("pleura_uploads") == 0
    for stage in ("decode", "queue", "inference", "postprocess", "encode"):
        assert value("pleura_stage_seconds_count", stage=stage) == 1
    engine = {"engine": "fake-fp32", "device": "cpu", "model": "fake", "sha256": "0" * 64}
    assert value("pleura_engine_info", **engine) == 1
    methods = {dict(labels)["method"] for name, labels in found if name == "pleura_requests_total"}
    assert methods == {"GET", "POST", "other"}
