"""The dashboard and the alert rules of the documentation read metrics that are exported."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from oauth_guard.errors import Reason
from oauth_guard.protocol.measurements import MEASUREMENTS
from oauth_guard.telemetry.prometheus import PrometheusMetrics
from tests.needs import PROGRAMS

FOLDER = Path(__file__).parents[2] / "docs" / "monitoring"
ALERTS, DASHBOARD = FOLDER / "alerts.yml", FOLDER / "grafana.json"
_NAME = re.compile(r"\boauth_guard_\w+")
_LABEL = re.compile(r'(\w+)(?:=~|!=|=)"([^"]*)"')
_BY = re.compile(r"by \(([^)]*)\)")


def rules() -> list[dict[str, Any]]:
    """Return the alert rules."""
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def panels() -> list[dict[str, Any]]:
    """Return the panels of the dashboard."""
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found


def expressions() -> list[str]:
    """Return every query of both files."""
    targets = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*(str(rule["expr"]) for rule in rules()), *targets]


def exported() -> dict[str, set[str]]:
    """Return the name of each exported series, and its labels."""
    registry = CollectorRegistry()
    PrometheusMetrics(registry)
    names: dict[str, set[str]] = {}
    for family in registry.collect():
        labels = set(getattr(family, "_labelnames", ()))
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        for suffix in suffixes.get(family.type, [""]):
            names[family.name + suffix] = labels
    return names


def test_each_query_reads_exported_metrics() -> None:
    """A metric that is renamed would leave an alert that never fires."""
    read = {name for each in expressions() for name in _NAME.findall(each)}
    assert read <= exported().keys()
    measured = {
        f"oauth_guard_{n}" + "_total" * (k == "counter") for n, (k, _) in MEASUREMENTS.items()
    }
    assert measured <= read, "a measurement is in no panel"


def test_each_reason_and_label_of_a_query_exists() -> None:
    """Labels are those of decisions and measurements."""
    known = {"resource", "outcome", "reason", "status", "issuer", "method", "cached", "le"}
    for each in expressions():
        for label, value in _LABEL.findall(each):
            assert label in known
            assert label != "reason" or value in set(Reason)
        for names in _BY.findall(each):
            assert {name.strip() for name in names.split(",")} <= known


def test_each_alert_says_what_is_wrong_and_how_severe_it_is() -> None:
    """Names are unique."""
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"].endswith(".")


def test_panels_do_not_overlap() -> None:
    """Each has a place and a number of its own."""
    places = [(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels()]
    assert len(places) == len(set(places)) == len({each["id"] for each in panels()})


@pytest.mark.needs("promtool")
def test_promtool_accepts_the_alert_rules() -> None:
    """The queries have the syntax of PromQL."""
    command = [str(PROGRAMS["promtool"].find()), "check", "rules", str(ALERTS)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
