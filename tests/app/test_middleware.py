import logging

import pytest

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import encode, picture
from tests.app.waiting import wait_until


def test_request_id_of_the_client_is_kept(shared_client: Service) -> None:
    answer = shared_client.get("/healthz", headers={"X-Request-ID": "abc-1.2_3"})
    assert answer.headers["x-request-id"] == "abc-1.2_3"


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a;b"])
def test_missing_or_invalid_request_id_is_replaced(shared_client: Service, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-ID": given}
    made = {shared_client.get("/nowhere", headers=headers).headers["x-request-id"] for _ in range(2)}
    assert len(made) == 2
    assert given not in made


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/segment", "/model", "/openapi.json"])
def test_answers_have_security_headers(shared_client: Service, path: str) -> None:
    headers = shared_client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_other_origins_need_configuration(shared_client: Service, make_client: MakeClient) -> None:
    origin = {"Origin": "https://viewer.example"}
    assert "access-control-allow-origin" not in shared_client.get("/healthz", headers=origin).headers
    configured = make_client(cors_origins="https://viewer.example, https://other.example")
    answer = configured.get("/healthz", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://viewer.example"
    stranger = configured.get("/healthz", headers={"Origin": "https://stranger.example"})
    assert "access-control-allow-origin" not in stranger.headers
    preflight = configured.options(
        "/segment",
        headers=origin
        | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"},
    )
    assert preflight.status_code == 200


def test_unexpected_error_is_a_problem_document(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("DOE^JANE 1970-01-01")

    client = make_client()
    monkeypatch.setattr("app.answer.describe", broken)
    with caplog.at_level(logging.INFO):
        answer = client.post("/segment", content=encode(picture()))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    assert "DOE" not in answer.text
    assert "LookupError" not in answer.text
    fields = [getattr(record, "fields", {}) for record in caplog.records]
    assert any("LookupError in" in field.get("error", "") for field in fields)
    assert "DOE" not in caplog.text
    assert "DOE" not in str(fields)
    monkeypatch.undo()
    assert client.post("/segment", content=encode(picture())).status_code == 200


def test_requests_are_logged_and_successful_probes_are_not(
    shared_client: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "pleura"):
        shared_client.get("/healthz")
        shared_client.post("/segment?threshold=0.5", files={"image": ("DOE^JANE.png", encode(picture()))})
        shared_client.get("/patients/DOE")
        wait_until(lambda: len(caplog.records) >= 2)
    lines = [getattr(record, "fields", {}) for record in caplog.records if record.name == "pleura"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/segment", 200),
        ("GET", "unmatched", 404),
    ]
    assert lines[1]["reason"] == "not-found"
    assert "DOE" not in str(lines) + caplog.text
