"""The ASGI application: routes, middleware, and the state that they share."""

from functools import partial

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from logs.audit import AuditTrail
from model.segmenter import Segmenter
from model.version import installed_version
from model.writing.trust import FIELDS

from . import openapi, problems
from .access import configured_keys, guard
from .audit import Audited, configured_audit
from .head_requests import HeadAsGet
from .lifecycle import Lifecycle
from .middleware import RequestMiddleware
from .open_inference.errors import inference_error
from .request_headers import HeaderLimits
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
    """Create the service. The model is loaded only when the service starts.

    Args:
        settings: The service's settings.
        segmenter: The segmenter to serve. None loads the configured checkpoint in the background at start.

    Raises:
        SettingsError: The settings cannot be used.
    """
    keys = configured_keys(settings)
    trail = configured_audit(settings)
    guarded = [Depends(guard(keys))] if keys else []
    telemetry = Telemetry()
    lifecycle = Lifecycle(
        settings, telemetry, load=lambda: segmenter if segmenter is not None else _load(settings)
    )
    app = FastAPI(
        title="Pleura",
        summary="Segments the lungs in chest X-rays.",
        description="Send a radiograph to `/segment`, or a radiograph and its ground truth to `/evaluate`.",
        version=installed_version(),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifecycle.run,
        openapi_tags=openapi.TAGS,
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
    problems.install(app, forms={inference.PREFIX: inference_error})
    for routes in (segment, radiograph, evaluate, corrections, inference, model):
        app.include_router(routes.router, dependencies=guarded)
    for routes in (health, metrics, documentation, page):
        app.include_router(routes.router)
    app.include_router(inference.probes)
    app.mount(documentation.ASSETS, documentation.assets())
    app.openapi = partial(openapi.document, app)  # type: ignore[method-assign]
    _add_middleware(app, settings, lifecycle, trail)
    return app


def _add_middleware(app: FastAPI, settings: Settings, lifecycle: Lifecycle, trail: AuditTrail | None) -> None:
    """Add the middleware, the innermost first."""
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID", *FIELDS],
        )
    app.add_middleware(HeadAsGet)
    app.add_middleware(HeaderLimits, max_bytes=settings.max_header_bytes)
    app.add_middleware(Targets)
    app.add_middleware(
        RequestMiddleware,
        telemetry=app.state.telemetry,
        draining=lambda: lifecycle.draining,
        traces=app.state.traces,
    )
    if trail is not None:
        app.add_middleware(Audited, trail=trail, keys=bool(app.state.keys))


def _load(settings: Settings) -> Segmenter:
    return Segmenter(settings.checkpoint, device=settings.device, engine=settings.engine)
