"""PrometheusMetrics: counts decisions for Prometheus; needs the extra `prometheus`."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from oauth_guard.guard import Guard
from oauth_guard.protocol.events import Decision

__all__ = ["PrometheusMetrics"]

# A cache hit takes microseconds, a signature a fraction of a millisecond, an introspection more.
_BUCKETS = (0.00001, 0.0001, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5)
_LABELS = ("resource", "outcome", "reason", "status", "issuer", "method")


class PrometheusMetrics:
    """An observer that counts decisions, with labels from closed sets.

    The metrics are

    - `oauth_guard_decisions_total{resource, outcome, reason, status, issuer, method}`,
    - `oauth_guard_authentication_seconds{resource, cached}`, a histogram,
    - `oauth_guard_ready{resource}` and `oauth_guard_degraded{resource}`, 0 or 1, of each guard
      that is given to `watch`.

    A label without a value is empty. One object may observe several guards.

    Args:
        registry: Where the metrics are registered; a registry accepts each name once.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._decisions = Counter(
            "oauth_guard_decisions", "Decisions about requests.", _LABELS, registry=registry
        )
        self._seconds = Histogram(
            "oauth_guard_authentication_seconds",
            "How long the guard took to authenticate a request.",
            ("resource", "cached"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._ready = Gauge(
            "oauth_guard_ready",
            "Whether tokens of every issuer can be validated, or could be before an outage.",
            ("resource",),
            registry=registry,
        )
        self._degraded = Gauge(
            "oauth_guard_degraded",
            "Whether tokens of some issuer can't be validated now, in an outage.",
            ("resource",),
            registry=registry,
        )
        # Looking up labels takes longer than counting. Decisions have few different values.
        self._counters: dict[tuple[object, ...], Counter] = {}
        self._histograms: dict[tuple[object, ...], Histogram] = {}

    def __call__(self, decision: Decision) -> None:
        """Count *decision*."""
        labels = decision[: len(_LABELS)]
        counter = self._counters.get(labels)
        if counter is None:
            texts = ["" if value is None else str(value) for value in labels]
            counter = self._counters[labels] = self._decisions.labels(*texts)
        counter.inc()
        if decision.cached is not None and decision.seconds is not None:
            kind = (decision.resource, decision.cached)
            histogram = self._histograms.get(kind)
            if histogram is None:
                texts = [decision.resource, str(decision.cached).lower()]
                histogram = self._histograms[kind] = self._seconds.labels(*texts)
            histogram.observe(decision.seconds)

    def watch(self, guard: Guard) -> None:
        """Export whether *guard* is ready and degraded; read at each scrape."""
        self._ready.labels(guard.resource).set_function(lambda: guard.ready)
        self._degraded.labels(guard.resource).set_function(lambda: guard.degraded)
