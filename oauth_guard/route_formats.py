"""The formats of the protection report: JSON, Markdown and SARIF 2.1.0."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oauth_guard.routes import RouteProtection

__all__ = ["COLUMNS", "FORMATS", "cells", "unguarded"]

COLUMNS = ("method", "path", "protection", "requires", "endpoint")
"""The members of a route that a table shows."""
_RULE = "unguarded-route"


def unguarded(report: Sequence[RouteProtection]) -> list[RouteProtection]:
    """Return the routes of *report* that are neither guarded nor public."""
    return [each for each in report if each.protection == "unguarded"]


def cells(report: Sequence[RouteProtection]) -> list[tuple[str, ...]]:
    """Return the row of each route in a table with `COLUMNS`."""
    return [tuple(getattr(each, name) for name in COLUMNS) for each in report]


def _json(report: Sequence[RouteProtection]) -> str:
    return json.dumps([each._asdict() for each in report], indent=2)


def _markdown(report: Sequence[RouteProtection]) -> str:
    rows = [COLUMNS, ("---",) * len(COLUMNS), *cells(report)]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows
    )


def _sarif(report: Sequence[RouteProtection]) -> str:
    rule = {
        "id": _RULE,
        "shortDescription": {"text": "A route is neither guarded nor declared public."},
        "defaultConfiguration": {"level": "error"},
    }
    driver = {"name": "oauth-guard", "rules": [rule]}
    run = {"tool": {"driver": driver}, "results": [_result(each) for each in unguarded(report)]}
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=2)


def _result(route: RouteProtection) -> dict[str, Any]:
    name = f"{route.method} {route.path}"
    return {
        "ruleId": _RULE,
        "level": "error",
        "message": {"text": f"{name} ({route.endpoint}) needs no token and is not public."},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": name, "kind": "function"}]}],
    }


FORMATS: Mapping[str, Callable[[Sequence[RouteProtection]], str]] = {
    "json": _json,
    "markdown": _markdown,
    "sarif": _sarif,
}
"""What writes a report, by the name of its format."""
