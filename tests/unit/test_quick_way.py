"""QuickWay: where one header may be the whole story, and what every path asks of a caller."""

from typing import Any

import pytest

from oauth_guard import ANONYMOUS, Guard, Identity, Requirement, scope
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.paths import PublicPaths
from oauth_guard.quick_way import QuickWay
from tests.acceptance.standards.api import RESOURCE, Api

PUBLIC = PublicPaths.of(["/health", "/static/*"])
METADATA = "/.well-known/oauth-protected-resource"


def way(requirement: Requirement | None = None, **options: Any) -> QuickWay:
    """Return the quick way to an API."""
    return QuickWay(Guard(RESOURCE, [Api().jwt_issuer()], **options), requirement, PUBLIC)


@pytest.mark.parametrize(
    ("changes", "past"),
    [
        pytest.param({}, False, id="a path"),
        pytest.param({"path": "*"}, False, id="no path"),
        pytest.param({"path": "/health"}, True, id="a public path"),
        pytest.param({"path": "/healthy"}, False, id="a path that begins so"),
        pytest.param({"path": "/static/a"}, True, id="below a public tree"),
        pytest.param({"path": "/static"}, False, id="above it"),
        pytest.param({"path": METADATA}, True, id="metadata"),
        pytest.param({"path": "/a/health", "root_path": "/a"}, True, id="public below a mount"),
        pytest.param({"path": "/a/static/b", "root_path": "/a"}, True, id="a tree below one"),
        pytest.param({"path": METADATA, "root_path": "/a"}, True, id="metadata before a mount"),
        pytest.param({"path": "/a/b", "root_path": "/a"}, False, id="a path below a mount"),
        pytest.param({"method": "OPTIONS"}, True, id="what may be a preflight"),
        pytest.param({"method": "WEBSOCKET"}, False, id="our own word as a method"),
    ],
)
def test_it_leads_past_whatever_may_be_decided_otherwise(
    changes: dict[str, Any], past: bool
) -> None:
    """If in doubt, the long way tells."""
    connection = {"method": "GET", "path": "/r", "scheme": "http", **changes}
    assert way().leads_past(connection) is past


@pytest.mark.parametrize(
    ("scheme", "past"), [({"scheme": "https"}, False), ({"scheme": "http"}, True), ({}, True)]
)
def test_it_leads_past_what_came_in_the_clear(scheme: dict[str, str], past: bool) -> None:
    """Where TLS is required."""
    connection = {"method": "GET", "path": "/r", **scheme}
    assert way(require_https=True).leads_past(connection) is past


READER = Identity(issuer="https://as.example.com", subject="u1", scopes=frozenset({"read"}))


@pytest.mark.parametrize(
    ("requirement", "identity", "status"),
    [
        pytest.param(None, ANONYMOUS, None, id="nothing asked of nobody"),
        pytest.param(None, READER, None, id="nothing asked"),
        pytest.param(Requirement(), ANONYMOUS, 401, id="a token asked of nobody"),
        pytest.param(Requirement(), READER, None, id="a token"),
        pytest.param(Requirement.of("read"), READER, None, id="a scope that is there"),
        pytest.param(Requirement.of("write"), READER, 403, id="a scope that is not"),
        pytest.param(Requirement.of("read"), ANONYMOUS, 401, id="a scope of nobody"),
        pytest.param(Requirement.of(scope("a") | scope("read")), READER, None, id="either"),
        pytest.param(Requirement.of("read", roles=["r"]), READER, 403, id="a role"),
        pytest.param(Requirement.of(roles=["r"]), READER, 403, id="a role alone"),
        pytest.param(Requirement.of(users_only=True), READER, None, id="a user"),
    ],
)
def test_a_caller_is_held_to_what_every_path_asks(
    requirement: Requirement | None, identity: Identity, status: int | None
) -> None:
    """Who has it goes on as they are; who has not gets the answer."""
    outcome = way(requirement).hold(identity)
    assert (outcome.status if isinstance(outcome, Rejection) else None) == status
    assert status or outcome is identity


@pytest.mark.parametrize("scopes", [(), ("",), ("read",), ("", "read")], ids=repr)
@pytest.mark.parametrize(
    "requirement", [Requirement.of(roles=["ops"]), Requirement.of("read", users_only=True)]
)
def test_no_scopes_are_enough_where_more_is_asked(
    requirement: Requirement, scopes: tuple[str, ...]
) -> None:
    """Whatever an issuer of the operator's own calls one."""
    assert not way(requirement).enough <= frozenset(scopes)
