import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.tracing import configured_provider
from tests.app.conftest import MakeClient
from tests.app.fakes import dicom, encode, picture
from tests.app.waiting import wait_until

SENDER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("app.main.configured_provider", lambda _: provider)
    return exporter


def finished(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    wait_until(lambda: any(span.name == name for span in exporter.get_finished_spans()))
    return next(span for span in exporter.get_finished_spans() if span.name == name)


def test_request_and_its_stages_are_spans(make_client: MakeClient, exported: InMemorySpanExporter) -> None:
    client = make_client()
    client.post("/segment", content=encode(picture()), headers=SENDER | {"X-Request-ID": "abc"})
    request = finished(exported, "POST /segment")
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/segment",
        "http.response.status_code": 200,
        "pleura.request_id": "abc",
    }
    assert request.parent is not None
    assert format(request.parent.trace_id, "032x") == "0af7651916cd43dd8448eb211c80319c"
    stages = [span for span in exported.get_finished_spans() if span is not request]
    assert [span.name for span in stages] == ["prepare", "infer", "finish"]
    for stage in stages:
        assert stage.parent == request.get_span_context()


def test_spans_contain_no_patient_data(make_client: MakeClient, exported: InMemorySpanExporter) -> None:
    client = make_client()
    for content in (dicom(picture()), dicom(picture())[:-9]):
        client.post("/segment?name=DOE", files={"image": ("DOE^JANE.dcm", content)})
        client.post("/segment", files={"image": ("DOE^JANE.dcm", content)}, headers={"X-Patient": "DOE"})
    client.get("/patients/DOE")
    finished(exported, "GET unmatched")
    assert "DOE" not in " ".join(span.to_json() for span in exported.get_finished_spans())


def test_tracing_is_off_by_default(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert configured_provider("1") is None
    client = make_client()
    assert client.post("/segment", content=encode(picture()), headers=SENDER).status_code == 200


def test_tracing_is_on_if_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    provider = configured_provider("1.2")
    assert provider is not None
    assert provider.resource.attributes == {"service.name": "pleura", "service.version": "1.2"}
    provider.shutdown()


def test_service_runs_without_the_extra(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert configured_provider("1") is None
    assert "Install the extra otel" in caplog.text
