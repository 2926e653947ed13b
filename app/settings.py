"""The service's settings, read from ``PLEURA_*`` variables; they are also the flags of ``pleura serve``."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.engines import Device, EngineChoice
from model.reading import MAX_PIXELS

KILOBYTE = 1_000
MEGABYTE = 1_000_000


class Settings(BaseSettings):
    """The service's settings."""

    model_config = SettingsConfigDict(
        env_prefix="PLEURA_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    checkpoint: Path | None = Field(
        None,
        description="Checkpoint to serve: a file, or small; default: pleura-r50-256.",
    )
    device: Device = Field(
        "auto", description="Where the network runs: cuda, cpu, or auto, which uses CUDA if available."
    )
    engine: EngineChoice = Field(
        "auto", description="What runs the network: torch, openvino, or auto, which selects the fastest."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all interfaces.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 for any free port.")
    api_key: SecretStr | None = Field(
        None, description="API key that requests must have, or several separated by commas; default: no key."
    )
    api_key_file: Path | None = Field(None, description="File with one API key per line.")
    cors_origins: str = Field(
        "", description="Origins whose pages may call the service, separated by commas; * for any."
    )
    max_upload_mb: float = Field(64, gt=0, description="Largest request body, in megabytes.")
    max_header_kb: float = Field(32, ge=1, description="Largest request line and headers, in kilobytes.")
    max_pixels: int = Field(MAX_PIXELS, gt=0, description="Most pixels of an image, by its header.")
    max_uploads: int = Field(64, ge=1, description="Most request bodies received at the same time.")
    header_timeout_s: float = Field(10, gt=0, description="Seconds for a request's headers to arrive.")
    upload_timeout_s: float = Field(
        60,
        gt=0,
        description="Seconds for a request's body to arrive, and for the client to read the response.",
    )
    queue_size: int = Field(64, ge=1, description="Slots in the queue: most images waiting for the network.")
    max_batch: int | None = Field(
        None,
        ge=1,
        description="Most images in one batch on CUDA, on a CPU most images in the network; default: the "
        "optimum of the engine.",
    )
    deadline_s: float = Field(30, gt=0, description="Seconds that an image may wait for the network.")
    workers: int | None = Field(
        None,
        ge=1,
        description="Threads that read images and write masks; default: one per processor.",
    )
    reject_untrusted: bool = Field(
        False, description="Answer 422 instead of returning a mask that is not trusted."
    )
    collection: Path | None = Field(
        None,
        description="Folder for corrected masks and their radiographs, for training; default: none are "
        "saved.",
    )
    audit: str | None = Field(
        None, description="File, syslog://HOST:PORT (UDP) or syslog: of the audit trail; default: off."
    )
    audit_key: SecretStr | None = Field(None, description="HMAC key for the UIDs in the audit trail.")
    grace_period_s: float = Field(
        20, ge=0, description="Seconds for running requests to finish after a signal to stop."
    )
    log_format: Literal["text", "json"] = Field("text", description="Format of the log: text or json.")

    @property
    def max_upload_bytes(self) -> int:
        """`max_upload_mb` in bytes."""
        return int(self.max_upload_mb * MEGABYTE)

    @property
    def max_header_bytes(self) -> int:
        """`max_header_kb` in bytes."""
        return int(self.max_header_kb * KILOBYTE)

    @property
    def origins(self) -> list[str]:
        """`cors_origins` as a list."""
        return [origin for origin in (part.strip() for part in self.cors_origins.split(",")) if origin]
