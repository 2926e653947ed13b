"""OpenTelemetry traces: off unless the extra ``otel`` is installed and OTEL_EXPORTER_OTLP_ENDPOINT says where to send them.

A span tells a request's method, route, status and id, and how long its stages took; nothing of an image, its name or its patient.
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
    """A stage of the request that is being served."""
    tracer = _tracer.get()
    if tracer is None:
        return nullcontext()
    # What an exception says may quote what was read.
    return tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)


def configured_provider(version: str) -> TracerProvider | None:
    """Where the environment wants spans to go; None where it wants none, or the extra is not installed."""
    if not any(os.environ.get(name) for name in _VARIABLES):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("There are no traces: install the extra otel, or unset OTEL_EXPORTER_OTLP_ENDPOINT.")
        return None
    provider = TracerProvider(resource=Resource({"service.name": "pleura", "service.version": version}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Traces:
    """The spans of one application; without a provider there are none."""

    def __init__(self, provider: TracerProvider | None) -> None:
        self._provider = provider

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Span | None]:
        """A request's span, under its sender's where a ``traceparent`` names one."""
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
        """Sends what is left. Blocks for some seconds where nobody takes it."""
        if self._provider is not None:
            self._provider.shutdown()


def describe(span: Span | None, *, method: str, route: str, status: int, request_id: str) -> None:
    """Names a request's span."""
    if span is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.set_attribute("pleura.request_id", request_id)
