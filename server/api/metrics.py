"""What the server counts about itself, for Prometheus. Labels are routes and statuses, never ids."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from server.catalog import State

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "slidereel_requests_total", "Requests answered", ["route", "status"], registry=self.registry
        )
        self.duration_s = Histogram(
            "slidereel_request_seconds",
            "Time to answer",
            ["route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.changes = Counter(
            "slidereel_changes_total", "Annotation changes committed", registry=self.registry
        )

    def render(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)

    def render_assets(self, counts: Mapping[State, int]) -> bytes:
        """How many assets are in each state, in the same format: the same whichever process is asked."""
        registry = CollectorRegistry()
        gauge = Gauge("slidereel_assets", "Assets by state", ["state"], registry=registry)
        for state, count in counts.items():
            gauge.labels(state).set(count)
        return generate_latest(registry)


class Tally:
    """Counts the answers of one route.

    A metric's child is looked up once: the library's own look-up, with its lock, costs 5 µs a request.
    """

    def __init__(self, route: str) -> None:
        self._route = route
        self._answered: dict[int, Counter] = {}
        self._timed: Histogram | None = None

    def count(self, metrics: Metrics, status: int, elapsed_s: float) -> None:
        """One more answer; ``metrics`` are the same each time."""
        if status not in self._answered:
            self._answered[status] = metrics.requests.labels(self._route, status)
        self._answered[status].inc()
        if self._timed is None:
            self._timed = metrics.duration_s.labels(self._route)
        self._timed.observe(elapsed_s)
