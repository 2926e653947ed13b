from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings


def test_environment_variables_set_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLEURA_PORT", "9000")
    monkeypatch.setenv("PLEURA_CHECKPOINT", "x.safetensors")
    monkeypatch.setenv("PLEURA_MAX_UPLOAD_MB", "1.5")
    monkeypatch.setenv("PLEURA_API_KEY", "")
    settings = Settings()
    assert settings.port == 9000
    assert settings.checkpoint == Path("x.safetensors")
    assert settings.max_upload_bytes == 1_500_000
    assert settings.api_key is None


def test_origins_are_a_list_separated_by_commas() -> None:
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
def test_invalid_values_are_rejected(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PLEURA_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_every_setting_has_a_description() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
