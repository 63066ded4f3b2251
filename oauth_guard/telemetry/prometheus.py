"""PrometheusMetrics: counts decisions for Prometheus; needs the extra `prometheus`."""

import os
from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from oauth_guard.guard import Guard
from oauth_guard.protocol.events import Decision
from oauth_guard.protocol.measurements import MEASUREMENTS

__all__ = ["PrometheusMetrics"]

# A signature takes a fraction of a millisecond, an introspection more.
_BUCKETS = (0.00001, 0.0001, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5)
_LABELS = ("resource", "outcome", "reason", "status", "issuer", "method")
_PREFIX = "oauth_guard_"
_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_UNCOUNTED = 1000


class PrometheusMetrics:
    """An observer that counts decisions, with labels from closed sets.

    The metrics are

    - `oauth_guard_decisions_total{resource, outcome, reason, status, issuer, method}`,
    - `oauth_guard_cache_hits_total{resource, issuer}`,
    - `oauth_guard_authentication_seconds{resource, cached}`, a histogram of the requests whose
      token was validated, or whose proof was,
    - `oauth_guard_ready{resource}` and `oauth_guard_degraded{resource}`, 0 or 1, and
      `oauth_guard_<name>{resource, issuer}` for each of `MEASUREMENTS`, of each guard that is
      given to `watch`.

    A label without a value is empty. One object may observe several guards. To count in
    Prometheus takes a microsecond, so decisions are added up and counted at each scrape. Where
    processes share files (`PROMETHEUS_MULTIPROC_DIR`), each is counted when it is made.

    Args:
        registry: Where the metrics are registered; a registry accepts each name once.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._uncounted: dict[Decision, list[int]] = {}
        self._lock = Lock()
        self._most = 1 if _SHARED in os.environ else _UNCOUNTED
        self._guards: list[Guard] = []
        registry.register(_Measurements(self))
        self._decisions = _Counter(
            f"{_PREFIX}decisions", "Decisions about requests.", _LABELS, registry=registry
        )
        self._hits = _Counter(
            f"{_PREFIX}cache_hits",
            "Requests whose identity was cached.",
            ("resource", "issuer"),
            registry=registry,
        )
        self._decisions.before = self._hits.before = self.count
        self._seconds = Histogram(
            f"{_PREFIX}authentication_seconds",
            "How long the guard took to validate a token or a proof.",
            ("resource", "cached"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._ready = Gauge(
            f"{_PREFIX}ready",
            "Whether tokens of every issuer can be validated, or could be before an outage.",
            ("resource",),
            registry=registry,
        )
        self._degraded = Gauge(
            f"{_PREFIX}degraded",
            "Whether tokens of some issuer can't be validated now, in an outage.",
            ("resource",),
            registry=registry,
        )

    def __call__(self, decision: Decision) -> None:
        """Count *decision*."""
        if decision.seconds is not None:
            if decision.cached is not None:
                cached = str(decision.cached).lower()
                self._seconds.labels(decision.resource, cached).observe(decision.seconds)
            decision = decision._replace(seconds=None)
        count = self._uncounted.get(decision)
        if count is None:
            count = self._uncounted.setdefault(decision, [0, 0])
        count[0] += 1
        if count[0] - count[1] >= self._most:
            self.count()

    def count(self) -> None:
        """Count in Prometheus the decisions since the last call."""
        with self._lock:  # a scrape may come from another thread
            for decision, count in tuple(self._uncounted.items()):
                new, count[1] = count[0] - count[1], count[0]
                texts = ["" if value is None else str(value) for value in decision[: len(_LABELS)]]
                self._decisions.labels(*texts).inc(new)
                if decision.cached:
                    self._hits.labels(decision.resource, decision.issuer or "").inc(new)

    def watch(self, guard: Guard) -> None:
        """Export the state of *guard*, which is read at each scrape."""
        self._ready.labels(guard.resource).set_function(lambda: guard.ready)
        self._degraded.labels(guard.resource).set_function(lambda: guard.degraded)
        self._guards.append(guard)

    def measurements(self) -> Iterator[Metric]:
        """Yield the measurements of the watched guards, each metric with the labels of all."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for name, (kind, description) in MEASUREMENTS.items():
            family = GaugeMetricFamily if kind == "gauge" else CounterMetricFamily
            families[name] = family(f"{_PREFIX}{name}", description, labels=("resource", "issuer"))
        for guard in self._guards:
            for each in guard.measurements():
                labels = (guard.resource, each.issuer or "")
                families[each.name].add_metric(labels, float(each.value))
        yield from families.values()


class _Counter(Counter):
    """A counter that is completed before it is collected, by itself or with others."""

    before: Callable[[], None]

    def collect(self) -> Iterable[Metric]:
        self.before()
        return super().collect()


class _Measurements(Collector):
    def __init__(self, metrics: PrometheusMetrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return self._metrics.measurements()
