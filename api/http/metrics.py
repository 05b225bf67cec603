"""Metrics for Prometheus: labels are route templates and states, never ids."""

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from starlette.types import Scope

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_STREAMS = frozenset({"/v1/searches/{search_id}/events"})


class Metrics:
    """The metrics of one API process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "nas_http_request_seconds",
            "Time of requests by route, event streams left out",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._streams = Gauge("nas_sse_clients", "Event streams that are open", registry=self._registry)
        self._searches = Gauge("nas_searches", "Searches by state", ("state",), registry=self._registry)
        self._oldest = Gauge(
            "nas_oldest_queued_seconds", "Age of the search that has been queued longest", registry=self._registry
        )

    def request(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        if route not in _STREAMS:
            self._seconds.labels(method, route, str(status)).observe(seconds)

    def text(self, searches: dict[str, int], oldest_queued_s: float, open_streams: int) -> bytes:
        """All metrics as Prometheus reads them, with these counts of now."""
        for state, count in searches.items():
            self._searches.labels(state).set(count)
        self._oldest.set(oldest_queued_s)
        self._streams.set(open_streams)
        return generate_latest(self._registry)
