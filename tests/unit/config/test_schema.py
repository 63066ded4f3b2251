"""schema(): the shipped JSON schema."""

import json
from pathlib import Path
from typing import Any

import pytest

from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.config.kinds import KINDS
from oauth_guard.config.parameters import parameters_of
from oauth_guard.config.schema import schema
from tests.tools.config_schema import FILE, schema_text


def test_shipped_schema_is_that_of_the_code() -> None:
    """`python -m tests.tools.config_schema` writes it."""
    assert Path(FILE).read_text(encoding="utf-8") == schema_text()


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


def test_schema_has_every_setting_and_no_dangling_reference() -> None:
    """The document is JSON."""
    document = json.loads(json.dumps(schema()))
    assert set(document["properties"]) == {
        *parameters_of(Guard),
        "forward_auth",
        "guards",
        "middleware",
    }
    middleware = document["$defs"]["middleware"]
    assert set(middleware["properties"]) == set(parameters_of(OAuthGuardMiddleware))
    assert _references(document) <= {f"#/$defs/{name}" for name in document["$defs"]}


@pytest.mark.parametrize("name", ["Issuer.jwt", "ClientAuthentication.secret basic"])
def test_secret_may_be_in_a_file(name: str) -> None:
    """Of the two forms of a secret that is required, one is required."""
    table = schema()["$defs"][name]
    assert {"secret", "secret_file"} <= set(table["properties"])
    either = {"oneOf": [{"required": ["secret"]}, {"required": ["secret_file"]}]}
    assert (either in table["allOf"]) is name.startswith("Client")


def test_kind_is_required_unless_it_is_the_default() -> None:
    """An editor then knows which settings a table takes."""
    found = schema()["$defs"]
    assert "required" not in found["Issuer.jwt"]
    assert all(
        found[f"{name}.{kind}"]["required"] == ["kind"]
        for name, kinds in KINDS.items()
        for kind in list(kinds)[1:]
    )
    assert found["Tenants.tenants"]["required"] == ["kind"]
