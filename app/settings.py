"""Every knob of the service, read from the environment as ``PLEURA_*``; the flags of ``pleura serve`` are made from it."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.engines import Device, EngineChoice
from model.reading import MAX_PIXELS

KILOBYTE = 1_000
MEGABYTE = 1_000_000


class Settings(BaseSettings):
    """How the service runs."""

    model_config = SettingsConfigDict(
        env_prefix="PLEURA_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    checkpoint: Path | None = Field(None, description="Checkpoint to serve; the bundled one if not given.")
    device: Device = Field("auto", description="Where the network runs; auto takes CUDA where there is one.")
    engine: EngineChoice = Field("auto", description="What runs the network; auto takes the fastest here.")
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all of the machine's.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    api_key: SecretStr | None = Field(
        None, description="Key that requests must carry, or several with commas between; none if not given."
    )
    api_key_file: Path | None = Field(None, description="File with one such key in each line.")
    cors_origins: str = Field(
        "", description="Origins whose pages may call the service, with commas between; * for any."
    )
    max_upload_mb: float = Field(64, gt=0, description="Largest request body, in megabytes.")
    max_header_kb: float = Field(32, ge=1, description="Largest request line and headers, in kilobytes.")
    max_pixels: int = Field(MAX_PIXELS, gt=0, description="Most pixels of an image, read from its header.")
    max_uploads: int = Field(64, ge=1, description="Most request bodies that arrive at the same time.")
    header_timeout_s: float = Field(10, gt=0, description="Seconds for a request's headers to arrive.")
    upload_timeout_s: float = Field(
        60, gt=0, description="Seconds for a request's body to arrive, and for its answer to be taken."
    )
    queue_size: int = Field(64, ge=1, description="Most images that wait for the network.")
    max_batch: int | None = Field(
        None,
        ge=1,
        description="Most images in the network at a time; what the engine deals with best if not given.",
    )
    deadline_s: float = Field(
        30, gt=0, description="Seconds that an image may wait for the network before it is given up."
    )
    workers: int | None = Field(
        None,
        ge=1,
        description="Threads that read images and write masks; one for each processor if not given.",
    )
    reject_untrusted: bool = Field(False, description="Refuse a mask that cannot be trusted, with 422.")
    collection: Path | None = Field(
        None,
        description="Folder that corrected masks are saved in with their radiographs, for training; none are kept if not given.",
    )
    grace_period_s: float = Field(
        20, ge=0, description="Seconds that requests get to finish after a request to stop."
    )
    log_format: Literal["text", "json"] = Field("text", description="How log lines are written.")

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
        """`cors_origins`, one by one."""
        return [origin for origin in (part.strip() for part in self.cors_origins.split(",")) if origin]
