"""``GET /healthz`` and ``GET /readyz``, which run on the event loop."""

from fastapi import APIRouter

from ..dependencies import LifecycleNow
from ..openapi import problems
from ..schemas import Alive, Ready

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """Answer 200 while the process is alive, whatever the state of the model."""
    return Alive()


@router.get("/readyz", summary="Is it ready for requests?", responses=problems(503))
async def readyz(lifecycle: LifecycleNow) -> Ready:
    """Answer 200 if the model is loaded and warm and the service is not stopping, else 503 and the reason."""
    lifecycle.serving()
    return Ready()
