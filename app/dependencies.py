"""The dependencies of the routes, as annotated types."""

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
    """Return the pipeline. A full queue is reported before the body is read."""
    lifecycle: Lifecycle = request.app.state.lifecycle
    pipeline = lifecycle.serving()
    if request.method == "POST":
        pipeline.queue.check()
    return pipeline


async def _key_held(request: Request) -> None:
    """Reject the request if no keys are configured. The router has already validated the key."""
    if not request.app.state.keys:
        raise NoKey(
            "This needs an API key, and none is configured. Start the service with PLEURA_API_KEY, or send "
            "its process SIGHUP."
        )


def accept_header(request: Request) -> str:
    """Return the request's Accept header; repeated headers count as one list (RFC 9110, 5.3)."""
    return ", ".join(request.headers.getlist("accept"))


async def _accepted(request: Request) -> list[Media]:
    # Not a header parameter: in OpenAPI, the media types of the responses describe Accept.
    return acceptable(accept_header(request))


SettingsNow = Annotated[Settings, Depends(_settings)]
TelemetryNow = Annotated[Telemetry, Depends(_telemetry)]
LifecycleNow = Annotated[Lifecycle, Depends(_lifecycle)]
IntakeNow = Annotated[Intake, Depends(_intake)]
PipelineNow = Annotated[Pipeline, Depends(_pipeline)]
Accepted = Annotated[list[Media], Depends(_accepted)]
KeyHeld = Depends(_key_held)
