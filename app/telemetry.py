"""The service's Prometheus metrics: counts and durations, nothing about an image or a patient."""

import platform
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from model.segmenter import Segmenter
from model.timing import Timing
from model.version import installed_version

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_IOU = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.96, 0.98, 1)


class Telemetry:
    """The metrics of one application, in a separate registry."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Counter(
            "pleura_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.request_seconds = Histogram(
            "pleura_request_seconds",
            "Seconds from the request headers to the end of the answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "pleura_stage_seconds", "Seconds in each stage.", ("stage",), buckets=_SECONDS, registry=registry
        )
        self.rejected = Counter(
            "pleura_rejected",
            "Requests rejected, by the last part of the problem type.",
            ("reason",),
            registry=registry,
        )
        self.uploads = Gauge("pleura_uploads", "Request bodies being received.", registry=registry)
        self.queue_depth = Gauge("pleura_queue_depth", "Images waiting for the network.", registry=registry)
        self.batch_size = Histogram(
            "pleura_batch_size", "Images in a batch.", buckets=(1, 2, 4, 8, 16, 32, 64), registry=registry
        )
        self.engine_failures = Counter(
            "pleura_engine_failures", "Batches on which the engine failed.", registry=registry
        )
        self.reloads = Counter(
            "pleura_reloads", "Reloads of the checkpoint.", ("outcome",), registry=registry
        )
        self.segmentations = Counter("pleura_segmentations", "Masks made.", registry=registry)
        self.untrusted = Counter("pleura_untrusted", "Masks that are not trusted.", registry=registry)
        self.predicted_iou = Histogram(
            "pleura_predicted_iou",
            "Predicted IoU of the masks.",
            buckets=_IOU,
            registry=registry,
        )
        self.ready = Gauge("pleura_ready", "1 if requests are served.", registry=registry)
        self._engine = Info("pleura_engine", "What runs the network.", registry=registry)
        build = Info("pleura_build", "The installed version.", registry=registry)
        build.info({"version": installed_version(), "python": platform.python_version()})

    def watch(self, *, ready: Callable[[], bool], depth: Callable[[], int]) -> None:
        """Set the functions that supply these gauges.

        Args:
            ready: Returns whether requests are served.
            depth: Returns the number of images in the queue.
        """
        self.ready.set_function(ready)
        self.queue_depth.set_function(depth)

    def serving(self, segmenter: Segmenter) -> None:
        """Record the engine and the model that now serve."""
        engine, metadata = segmenter.engine, segmenter.metadata
        self._engine.info(
            {
                "engine": engine.name,
                "device": engine.device,
                "model": metadata.name,
                "sha256": metadata.sha256,
            }
        )

    def segmented(self, *, timing_ms: Timing, trusted: bool, predicted_iou: float | None) -> None:
        """Count one mask.

        Args:
            timing_ms: Milliseconds of each stage.
            trusted: Whether the mask is trusted.
            predicted_iou: 0 to 1; None is not observed.
        """
        self.segmentations.inc()
        if not trusted:
            self.untrusted.inc()
        if predicted_iou is not None:
            self.predicted_iou.observe(predicted_iou)
        for stage, milliseconds in asdict(timing_ms).items():
            self.stage_seconds.labels(stage).observe(milliseconds / 1000)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
