"""Reads the examples of the RFCs from `tests/vectors`."""

import json
from pathlib import Path
from typing import Any

import pytest

__all__ = ["examples"]

_VECTORS = Path(__file__).parents[2] / "vectors"


def examples(rfc: str, *members: str) -> list[Any]:
    """Return the examples of *rfc* as pytest parameters, one value for each of *members*."""
    vectors = json.loads((_VECTORS / f"{rfc}.json").read_text(encoding="utf-8"))
    return [
        pytest.param(*(vector[member] for member in members), id=f"{rfc} {vector['name']}")
        for vector in vectors
    ]
