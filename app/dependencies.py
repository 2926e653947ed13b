"""What routes ask for, by annotation."""

from typing import Annotated

from fastapi import Depends, Request

from .errors import NoKey
from .lifecycle import Lifecycle
from .negotiation import Media, acceptable
from .pipeline import Pipeline
from .settings import Settings
from .telemetry import Telemetry
from .uploads import Intake


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _telemetry(request: Request) -> Telemetry:
    telemetry: Telemetry = request.app.state.telemetry
    return telemetry


async def _lifecycle(request: Request) -> Lifecycle:
    lifecycle: Lifecycle = request.app.state.lifecycle
    return lifecycle


async def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


async def _pipeline(request: Request) -> Pipeline:
    """The pipeline. A full queue is reported before the body is read."""
    lifecycle: Lifecycle = request.app.state.lifecycle
    pipeline = lifecycle.serving()
    if request.method == "POST":
        pipeline.queue.check()
    return pipeline


async def _key_held(request: Request) -> None:
    """The router has already validated the key. This rejects the request when no keys are configured."""
    if not request.app.state.keys:
        raise NoKey(
            "This needs a key, and the service has none: start it with PLEURA_API_KEY, or send its process SIGHUP."
        )


def accept_header(request: Request) -> str:
    """All that the request accepts; a header that is repeated counts as one list (RFC 9110, 5.3)."""
    return ", ".join(request.headers.getlist("accept"))


async def _accepted(request: Request) -> list[Media]:
    # Not a parameter of the OpenAPI document: there, Accept is what the contents of the responses say.
    return acceptable(accept_header(request))


SettingsNow = Annotated[Settings, Depends(_settings)]
TelemetryNow = Annotated[Telemetry, Depends(_telemetry)]
LifecycleNow = Annotated[Lifecycle, Depends(_lifecycle)]
IntakeNow = Annotated[Intake, Depends(_intake)]
PipelineNow = Annotated[Pipeline, Depends(_pipeline)]
Accepted = Annotated[list[Media], Depends(_accepted)]
KeyHeld = Depends(_key_held)
