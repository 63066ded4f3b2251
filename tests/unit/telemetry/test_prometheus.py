"""PrometheusMetrics: what is exported equals the decisions, to the last one."""

from collections import Counter

from prometheus_client import CollectorRegistry, generate_latest

from oauth_guard.telemetry.prometheus import PrometheusMetrics
from tests.acceptance.standards.api import RESOURCE
from tests.builders.request_history import Labels, RequestHistory

_NAMES = ("resource", "outcome", "reason", "status", "issuer", "method")


def _decisions(registry: CollectorRegistry) -> Counter[Labels]:
    samples = [
        sample
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "oauth_guard_decisions_total"
    ]
    counted: Counter[Labels] = Counter()
    for sample in samples:
        resource, outcome, reason, status, issuer, method = map(sample.labels.get, _NAMES)
        labels = (resource, outcome, reason, status, issuer, method)
        counted[tuple(str(label) for label in labels)] = int(sample.value)  # type: ignore[index]
    return counted


async def test_totals_equal_the_decisions_of_a_random_history() -> None:
    """Of 10,000 requests: valid, expired, malformed, without a token, with two, without scope."""
    registry = CollectorRegistry()
    history = RequestHistory([PrometheusMetrics(registry)])
    await history.send(10_000)
    assert _decisions(registry) == history.expected
    cached, validated = (
        registry.get_sample_value(
            "oauth_guard_authentication_seconds_count", {"resource": RESOURCE, "cached": cached}
        )
        or 0
        for cached in ("true", "false")
    )
    assert cached + validated == history.authentications
    assert cached > validated


async def test_watched_guard_is_exported_as_ready_and_degraded() -> None:
    """The values are read at each scrape."""
    registry = CollectorRegistry()
    metrics = PrometheusMetrics(registry)
    history = RequestHistory([metrics])
    metrics.watch(history.api.guard)
    line = f'oauth_guard_ready{{resource="{RESOURCE}"}}'
    assert f"{line} 0.0" in generate_latest(registry).decode()
    await history.send(20)
    text = generate_latest(registry).decode()
    assert f"{line} 1.0" in text
    assert f'oauth_guard_degraded{{resource="{RESOURCE}"}} 0.0' in text
