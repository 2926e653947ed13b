"""OpenTelemetry traces, if the extra ``otel`` is installed and OTEL_EXPORTER_OTLP_ENDPOINT is set.

Spans record a request's method, route, status, id and the duration of its stages, and nothing about the
image, its file name or the patient.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from logs import log

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_tracer: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


def span(name: str) -> AbstractContextManager[object]:
    """Return a context manager that records a stage of the current request."""
    tracer = _tracer.get()
    if tracer is None:
        return nullcontext()
    # Exceptions are not recorded: their messages may quote the upload.
    return tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)


def configured_provider(version: str) -> TracerProvider | None:
    """Return the provider that the environment configures; None without one, or without the extra."""
    if not any(os.environ.get(name) for name in _VARIABLES):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("Traces are off. Install the extra otel, or unset OTEL_EXPORTER_OTLP_ENDPOINT.")
        return None
    provider = TracerProvider(resource=Resource({"service.name": "pleura", "service.version": version}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Traces:
    """The traces of one application; without a provider they are off."""

    def __init__(self, provider: TracerProvider | None) -> None:
        self._provider = provider

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Span | None]:
        """Open a request's span, as a child of the span that the ``traceparent`` header names."""
        if self._provider is None:
            yield None
            return
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        sender = TraceContextTextMapPropagator().extract(headers)
        tracer = self._provider.get_tracer("pleura")
        token = _tracer.set(tracer)
        try:
            with tracer.start_as_current_span(
                "request", sender, SpanKind.SERVER, record_exception=False, set_status_on_exception=False
            ) as made:
                yield made
        finally:
            _tracer.reset(token)

    def close(self) -> None:
        """Export the remaining spans. This blocks for some seconds if the collector does not answer."""
        if self._provider is not None:
            self._provider.shutdown()


def describe(span: Span | None, *, method: str, route: str, status: int, request_id: str) -> None:
    """Set the name and the attributes of a request's span.

    Args:
        span: The span; None if requests are not traced.
        method: The HTTP method.
        route: The route's path, with its parameters' names.
        status: The HTTP status; 0 if no answer began.
        request_id: The answer's ``X-Request-ID``.
    """
    if span is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.set_attribute("pleura.request_id", request_id)
