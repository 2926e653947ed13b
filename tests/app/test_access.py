from pathlib import Path

import pytest

from app.access import SettingsError, configured_keys
from app.settings import Settings
from tests.app.conftest import MakeClient
from tests.app.fakes import encode, picture


@pytest.mark.parametrize("path", ["/segment", "/evaluate"])
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic b25l", "Bearer one,two", "Bearer é"])
def test_request_without_a_key_is_rejected(
    make_client: MakeClient, path: str, authorization: str | None
) -> None:
    client = make_client(api_key="one,two")
    headers = {b"Authorization": authorization.encode()} if authorization else None
    answer = client.post(path, content=encode(picture()), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.engine.batches == []


def test_every_configured_key_is_accepted(make_client: MakeClient, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("three\n\n four \n")
    client = make_client(api_key="one, two", api_key_file=file)
    for key in ("one", "two", "three", "four"):
        answer = client.post(
            "/segment", content=encode(picture()), headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 200
    assert client.get("/model").status_code == 401


def test_probes_need_no_key(make_client: MakeClient) -> None:
    client = make_client(api_key="one")
    for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 200


def test_missing_key_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PLEURA_API_KEY_FILE"):
        configured_keys(Settings(api_key_file=tmp_path / "none"))


def test_empty_keys_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no key"):
        configured_keys(Settings.model_validate({"api_key": " , "}))


def test_keys_are_never_shown() -> None:
    assert "hidden" not in repr(Settings.model_validate({"api_key": "hidden"}))
