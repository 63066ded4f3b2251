"""PrometheusMetrics: what is exported equals the decisions, to the last one."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from oauth_guard import Guard, JWTIssuer
from oauth_guard.deny_list import DenyList
from oauth_guard.protocol.events import Decision
from oauth_guard.telemetry.prometheus import PrometheusMetrics
from tests.acceptance.standards.api import ISSUER, RESOURCE
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
    hits = registry.get_sample_value(
        "oauth_guard_cache_hits_total", {"resource": RESOURCE, "issuer": ISSUER}
    )
    validated = registry.get_sample_value(
        "oauth_guard_authentication_seconds_count", {"resource": RESOURCE, "cached": "false"}
    )
    assert (hits or 0) + (validated or 0) == history.authentications
    assert (hits or 0) > (validated or 0) > 0
    assert _decisions(registry) == history.expected  # a scrape counts nothing twice


_WORKER = """
import os, sys
from oauth_guard.protocol.events import Decision
from oauth_guard.telemetry.prometheus import PrometheusMetrics
PrometheusMetrics()(Decision(sys.argv[1], "authorized"))
os._exit(0)
"""


def test_processes_that_share_files_count_each_decision_when_it_is_made(tmp_path: Path) -> None:
    """Another process is scraped, even after this one was killed."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        command = [sys.executable, "-c", _WORKER, RESOURCE]
        subprocess.run(command, env=environment, check=True)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]
    assert sum(_decisions(registry).values()) == 2


def test_single_metric_that_is_scraped_is_complete() -> None:
    """As with the parameter `name[]` of the exposition."""
    registry = CollectorRegistry()
    metrics = PrometheusMetrics(registry)
    for _ in range(1500):
        metrics(Decision(RESOURCE, "authenticated", issuer=ISSUER, method="GET", cached=True))
    for name in ("oauth_guard_decisions_total", "oauth_guard_cache_hits_total"):
        (family,) = registry.restricted_registry([name]).collect()
        assert [each.value for each in family.samples if each.name == name] == [1500]


async def test_measurements_of_watched_guards_are_exported() -> None:
    """Of two guards, with the issuer of each; the keys are those of the one issuer."""
    registry = CollectorRegistry()
    metrics = PrometheusMetrics(registry)
    history = RequestHistory([metrics])
    other = Guard("https://other.test", [JWTIssuer("https://down.test")], deny_list=DenyList())
    metrics.watch(history.api.guard)
    metrics.watch(other)
    await history.send(20)
    await other.revoke("https://down.test", jti="1")

    def value(name: str, resource: str, issuer: str = "") -> float | None:
        labels = {"resource": resource, "issuer": issuer}
        return registry.get_sample_value(f"oauth_guard_{name}", labels)

    assert value("key_fetches_total", RESOURCE, ISSUER) == 1
    assert value("key_fetch_failures", RESOURCE, ISSUER) == 0
    assert value("keys_stale", RESOURCE, ISSUER) == 0
    assert value("keys_age_seconds", RESOURCE, ISSUER) == 0
    assert value("keys_age_seconds", "https://other.test", "https://down.test") is None
    assert value("key_fetches_total", "https://other.test", "https://down.test") == 0
    assert (value("revocations", "https://other.test") or 0) >= 1
    assert value("open_connections", RESOURCE) == 0


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
