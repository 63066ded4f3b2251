"""The configurations of Traefik and Envoy in docs/forward-auth.md name every identity field."""

from typing import Any

import yaml

from oauth_guard.forward_auth import IDENTITY_FIELDS
from tests.acceptance.documents import ROOT, blocks_of


def _documents() -> list[Any]:
    page = ROOT / "docs" / "forward-auth.md"
    return [yaml.safe_load(each.text) for each in blocks_of(page) if each.language == "yaml"]


def test_traefik_copies_each_identity_field_and_removes_look_alikes() -> None:
    """It replaces only the fields that it names."""
    routing, static, _ = _documents()
    forward_auth = routing["http"]["middlewares"]["forward-auth"]["forwardAuth"]
    assert forward_auth["authResponseHeaders"] == list(IDENTITY_FIELDS)
    assert not forward_auth["trustForwardHeader"]
    assert static["entryPoints"]["web"]["http"] == {"aliasHeadersStrategy": "delete"}


def test_envoy_copies_each_identity_field_and_removes_look_alikes() -> None:
    """An outage of the service lets nothing pass."""
    *_, manager = _documents()
    options = manager["common_http_protocol_options"]
    assert options == {"headers_with_underscores_action": "DROP_HEADER"}
    settings = manager["http_filters"][0]["typed_config"]
    allowed = settings["http_service"]["authorization_response"]["allowed_upstream_headers"]
    names = [each["exact"] for each in allowed["patterns"]]
    assert names == [name.lower() for name in IDENTITY_FIELDS]
    assert settings["failure_mode_allow"] is False
