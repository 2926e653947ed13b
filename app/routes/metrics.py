"""``GET /metrics`` for Prometheus."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from ..dependencies import TelemetryNow
from ..telemetry import CONTENT_TYPE

router = APIRouter(tags=["health"])


@router.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
async def metrics(telemetry: TelemetryNow) -> Response:
    """Return counts and durations in Prometheus' text format."""
    return Response(telemetry.exposition(), media_type=CONTENT_TYPE)
