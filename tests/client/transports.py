"""Scripted services, and clients that record their pauses instead of sleeping."""

from typing import Any

import httpx
from pleura_client import Pleura

Step = httpx.Response | type[httpx.RequestError]


class Script(httpx.MockTransport):
    """Answer with one step after another; a step that is an error is raised.

    Attributes:
        requests: what was sent.
    """

    def __init__(self, *steps: Step) -> None:
        self.requests: list[httpx.Request] = []
        self._steps = iter(steps)
        super().__init__(self._next)

    def _next(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        step = next(self._steps)
        if isinstance(step, httpx.Response):
            return step
        raise step("as the script says", request=request)


def client_of(script: Script, slept: list[float], **options: Any) -> Pleura:
    """A client that writes down how long it would have slept."""
    return Pleura("http://pleura.test", transport=script, sleep=slept.append, **options)


def problem(status: int, *, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    """An error as Pleura tells it."""
    document = {
        "type": "urn:pleura:problem:test",
        "title": "A title",
        "status": status,
        "detail": "Do this.",
    } | fields
    media = {"Content-Type": "application/problem+json"}
    return httpx.Response(status, json=document, headers=media | (headers or {}))


def ready_now() -> httpx.Response:
    return httpx.Response(200, json={"status": "ready"})


def segmentation_document(**changes: Any) -> dict[str, Any]:
    """A document of a mask of 2×3 pixels of which the middle row is lung."""
    return {
        "image": {
            "width": 2,
            "height": 3,
            "format": "png",
            "spacing_mm": [0.5, 0.25],
            "spacing_plane": "detector",
            "applied": ["rescale"],
            "sides_from": "patient_orientation",
        },
        "mask": {"encoding": "rle", "data": {"size": [3, 2], "counts": "1121"}},
        "lungs": {
            "right": {"area_px": 2, "area_mm2": 0.25, "box": [0, 1, 2, 1], "centroid": [0.5, 1.0]},
            "left": None,
        },
        "quality": {
            "predicted_iou": 0.5,
            "trusted": False,
            "warnings": [{"code": "one_lung", "message": "Only one lung was found."}],
        },
        "model": {"name": "m", "sha256": "0", "engine": "e", "device": "cpu", "threshold": 0.5},
        "timing_ms": {"decode": 1.0, "queue": 2.0, "inference": 3.0, "postprocess": 4.0, "encode": 5.0},
    } | changes
