"""Prometheus metrics of the watcher and the listener."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from .errors import PacsError
from .worker import End


class _Depth(Collector):
    """Reads the depth of the queue when it is asked for."""

    def __init__(self, depth: Callable[[], dict[str, int]], associations: Callable[[], int]) -> None:
        self._depth, self._associations = depth, associations

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing, so that registration does not read the queue."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        queue = GaugeMetricFamily("pleura_pacs_queue", "Instances and results that wait.", labels=["what"])
        for what, number in self._depth().items():
            queue.add_metric([what], number)
        yield queue
        yield GaugeMetricFamily(
            "pleura_pacs_associations", "Open connections.", value=float(self._associations())
        )


class Metrics:
    """Counters, and an HTTP server for them in a thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._instances = Counter(
            "pleura_pacs_instances",
            "Instances by outcome and reason.",
            ["outcome", "reason"],
            registry=self.registry,
        )
        self._received = Counter(
            "pleura_pacs_received", "C-STORE requests by answer.", ["answer"], registry=self.registry
        )
        self._sent = Counter(
            "pleura_pacs_sent", "Results by outcome of sending.", ["outcome"], registry=self.registry
        )

    def serve(self, host: str, port: int) -> None:
        """Serve ``/metrics``.

        Raises:
            PacsError: The address cannot be used.
        """
        try:
            start_http_server(port, host, registry=self.registry)
        except OSError as error:
            raise PacsError(
                f"Metrics cannot be served on {host}:{port} ({error.strerror}): give another --metrics."
            ) from None

    def watch_queue(self, depth: Callable[[], dict[str, int]], associations: Callable[[], int]) -> None:
        """Add gauges for the queue and the connections of the listener.

        Args:
            depth: Returns the number of instances by state.
            associations: Returns the number of open associations.
        """
        self.registry.register(_Depth(depth, associations))

    def ended(self, level: str, uid: str, end: End) -> None:
        """Count an instance or series; see `Ended`."""
        self._instances.labels(end.outcome.value, end.reason).inc()

    def received(self, answer: str, uid: str, peer: str) -> None:
        """Count a C-STORE request; see `Transferred`."""
        self._received.labels(answer).inc()

    def sent(self, outcome: str, uid: str, peer: str) -> None:
        """Count an attempt to send a result; see `Transferred`."""
        self._sent.labels(outcome).inc()
