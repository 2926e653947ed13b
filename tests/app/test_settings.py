from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLEURA_PORT", "9000")
    monkeypatch.setenv("PLEURA_CHECKPOINT", "x.safetensors")
    monkeypatch.setenv("PLEURA_MAX_UPLOAD_MB", "1.5")
    monkeypatch.setenv("PLEURA_API_KEY", "")
    settings = Settings()
    assert settings.port == 9000
    assert settings.checkpoint == Path("x.safetensors")
    assert settings.max_upload_bytes == 1_500_000
    assert settings.api_key is None


def test_origins() -> None:
    assert Settings(cors_origins=" https://a.example ,, https://b.example").origins == [
        "https://a.example",
        "https://b.example",
    ]
    assert Settings().origins == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "high"),
        ("PORT", "70000"),
        ("QUEUE_SIZE", "0"),
        ("DEVICE", "tpu"),
        ("LOG_FORMAT", "xml"),
        ("DEADLINE_S", "-1"),
    ],
)
def test_what_is_wrong_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PLEURA_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_each_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
