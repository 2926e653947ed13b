"""``GET /healthz`` and ``GET /readyz``, answered by the event loop itself."""

from fastapi import APIRouter

from ..dependencies import LifecycleNow
from ..openapi import problems
from ..schemas import Alive, Ready

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """Answers as long as the process does, whatever the model is doing."""
    return Alive()


@router.get("/readyz", summary="Is it ready for requests?", responses=problems(503))
async def readyz(lifecycle: LifecycleNow) -> Ready:
    """Answers 200 when the model is loaded and warm and the service is not stopping, else 503 and the reason."""
    lifecycle.serving()
    return Ready()
