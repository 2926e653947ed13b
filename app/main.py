"""Makes the application."""

from functools import partial

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from model.segmenter import Segmenter
from model.version import installed_version
from model.writing.trust import FIELDS

from . import errors, openapi
from .access import configured_keys, guard
from .head_requests import HeadAsGet
from .lifecycle import Lifecycle
from .middleware import Watch
from .request_headers import Heads
from .routes import (
    corrections,
    documentation,
    evaluate,
    health,
    inference,
    metrics,
    model,
    page,
    radiograph,
    segment,
)
from .settings import Settings
from .targets import Targets
from .telemetry import Telemetry
from .tracing import Traces, configured_provider
from .uploads import Intake


def create_app(settings: Settings, *, segmenter: Segmenter | None = None) -> FastAPI:
    """Makes the service. Nothing is loaded before it starts.

    Args:
        settings: how it runs.
        segmenter: what it serves; None loads the one that the settings name, in the background, once it starts.

    Raises:
        SettingsError: the settings cannot be used.
    """
    keys = configured_keys(settings)
    guarded = [Depends(guard(keys))] if keys else []
    telemetry = Telemetry()
    lifecycle = Lifecycle(
        settings, telemetry, load=lambda: segmenter if segmenter is not None else _load(settings)
    )
    app = FastAPI(
        title="Pleura",
        summary="Segments the lungs in chest X-rays.",
        description="Send a radiograph to `/segment`; with its ground truth beside it, to `/evaluate`.",
        version=installed_version(),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifecycle.run,
        openapi_tags=[
            {"name": "segmentation", "description": "From a radiograph to the mask of its lungs."},
            {"name": "correction", "description": "What becomes of a mask that a person corrected."},
            {
                "name": "open inference",
                "description": "The Open Inference Protocol, for KServe and Triton's clients.",
            },
            {"name": "model", "description": "What is served."},
            {"name": "health", "description": "For those who run the service."},
        ],
    )
    app.state.traces = Traces(configured_provider(app.version))
    app.state.settings = settings
    app.state.keys = keys
    app.state.telemetry = telemetry
    app.state.lifecycle = lifecycle
    app.state.intake = Intake(
        max_bytes=settings.max_upload_bytes,
        max_uploads=settings.max_uploads,
        timeout_s=settings.upload_timeout_s,
        arriving=telemetry.uploads,
    )
    errors.install(app)
    for routes in (segment, radiograph, evaluate, corrections, inference, model):
        app.include_router(routes.router, dependencies=guarded)
    for routes in (health, metrics, documentation, page):
        app.include_router(routes.router)
    app.include_router(inference.probes)
    app.mount(documentation.ASSETS, documentation.assets())
    app.openapi = partial(openapi.document, app)  # type: ignore[method-assign]
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID", *FIELDS],
        )
    app.add_middleware(HeadAsGet)
    app.add_middleware(Heads, max_bytes=settings.max_header_bytes)
    app.add_middleware(Targets)
    app.add_middleware(Watch, telemetry=telemetry, lifecycle=lifecycle, traces=app.state.traces)
    return app


def _load(settings: Settings) -> Segmenter:
    return Segmenter(settings.checkpoint, device=settings.device, engine=settings.engine)
