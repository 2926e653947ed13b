"""``GET /healthz`` and ``GET /readyz``, which run on the event loop."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..dependencies import LifecycleNow
from ..openapi import problems

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process is alive."""

    status: Literal["alive"] = Field("alive", description="The process is alive.")


class Ready(BaseModel):
    """The model is loaded and warm, and the service is not stopping."""

    status: Literal["ready"] = Field("ready", description="Requests are served.")


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """Answer 200 while the process is alive, whatever the state of the model."""
    return Alive()


@router.get("/readyz", summary="Is it ready for requests?", responses=problems(503))
async def readyz(lifecycle: LifecycleNow) -> Ready:
    """Answer 200 if the model is loaded and warm and the service is not stopping, else 503 and the reason."""
    lifecycle.serving()
    return Ready()
