"""OpenTelemetryMetrics: what is recorded equals the decisions; the span has the last one."""

from collections import Counter

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import TracerProvider

from oauth_guard.errors import Reason
from oauth_guard.protocol.events import Decision
from oauth_guard.telemetry.otel import OpenTelemetryMetrics
from tests.acceptance.standards.api import ISSUER, RESOURCE
from tests.builders.request_history import Labels, RequestHistory

_NAMES = ("resource", "outcome", "reason", "status", "issuer", "method")


async def test_totals_equal_the_decisions_of_a_random_history() -> None:
    """As with Prometheus."""
    reader = InMemoryMetricReader()
    history = RequestHistory([OpenTelemetryMetrics(MeterProvider([reader]))], seed=1)
    await history.send(1000)
    counted: Counter[Labels] = Counter()
    authentications = 0
    data = reader.get_metrics_data()
    assert data is not None
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            attributes = point.attributes or {}
            if metric.name == "oauth_guard.cache_hits":
                assert isinstance(point, NumberDataPoint)
                authentications += int(point.value)
            elif isinstance(point, NumberDataPoint):
                labels = tuple(str(attributes.get(name, "")) for name in _NAMES)
                counted[labels] = int(point.value)  # type: ignore[index]
            if isinstance(point, HistogramDataPoint):
                assert set(attributes) == {"resource", "cached"}
                authentications += point.count
    assert counted == history.expected
    assert authentications == history.authentications


async def test_measurements_of_watched_guards_are_recorded() -> None:
    """At each collection, with the issuer that they are about."""
    reader = InMemoryMetricReader()
    metrics = OpenTelemetryMetrics(MeterProvider([reader]))
    history = RequestHistory([metrics], seed=1)
    metrics.watch(history.api.guard)
    await history.send(20)
    data = reader.get_metrics_data()
    assert data is not None
    found = {
        metric.name: [
            (dict(point.attributes or {}), getattr(point, "value", None))
            for point in metric.data.data_points
        ]
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    about = {"resource": RESOURCE, "issuer": ISSUER}
    assert found["oauth_guard.key_fetches"] == [(about, 1)]
    assert found["oauth_guard.keys_stale"] == [(about, False)]
    assert found["oauth_guard.open_connections"] == [({"resource": RESOURCE}, 0)]


def test_span_has_the_decision() -> None:
    """Members without a value are no attributes."""
    metrics = OpenTelemetryMetrics(MeterProvider())
    with TracerProvider().get_tracer("test").start_as_current_span("request") as span:
        metrics(Decision("https://api.test", "rejected", reason=Reason.EXPIRED, status=401))
    attributes = getattr(span, "attributes", None)
    assert attributes == {"oauth_guard.outcome": "rejected", "oauth_guard.reason": "expired"}


def test_decision_outside_a_span_needs_none() -> None:
    """The API's default provider records nothing and raises nothing."""
    OpenTelemetryMetrics()(Decision("https://api.test", "authorized"))
