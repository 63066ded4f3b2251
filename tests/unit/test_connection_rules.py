"""ConnectionRules: rules of the middleware, over HTTP and WebSocket."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Requirement, Rules
from oauth_guard.connection_rules import check_policies, check_requirements
from tests.acceptance.standards.api import Api, plain
from tests.builders.policy_doors import guard_of

RULES = Rules(
    [
        ("GET /orders/*", "read"),
        ("POST /orders", "write"),
        ("WEBSOCKET /feed", "read"),
    ]
)


@pytest.fixture
def api() -> Api:
    """Return an API whose application knows nothing of OAuth."""
    return Api(app=plain, middleware={"rules": RULES, "public": ["/health"]})


@pytest.mark.parametrize(
    ("method", "path", "scope", "expected"),
    [
        ("GET", "/orders/1", "read", 200),
        ("HEAD", "/orders/1", "read", 200),
        ("GET", "/orders/1", "write", 403),
        ("GET", "/orders/1", None, 401),
        ("POST", "/orders", "write", 200),
        ("POST", "/orders", "read", 403),
        ("DELETE", "/orders/1", "read write", 403),
        ("WEBSOCKET", "/feed", "read", 403),
        ("GET", "/other", "read", 403),
        ("GET", "/other", None, 401),
        ("GET", "/Orders/1", "read", 400),
        ("GET", "/orders/1/../x", "read", 400),
        ("GET", "/health", None, 200),
    ],
)
async def test_request_needs_what_its_rule_requires(
    api: Api, method: str, path: str, scope: str | None, expected: int
) -> None:
    """Other requests are rejected, whatever their token; public paths have no rule."""
    headers = () if scope is None else ((b"authorization", _bearer(api, scope)),)
    assert (await api.send(method, path, headers)).status == expected


def _bearer(api: Api, scope: str) -> bytes:
    return f"Bearer {api.token(scope=scope)}".encode()


@pytest.mark.parametrize(("scope", "accepted"), [("read", True), ("write", False)])
async def test_handshake_needs_what_its_rule_requires(
    api: Api, scope: str, *, accepted: bool
) -> None:
    """It is a rule for `WEBSOCKET`."""
    response = await api.connect("/feed", ((b"authorization", _bearer(api, scope)),))
    assert (response.messages[-1]["type"] == "websocket.accept") is accepted


async def test_challenge_names_the_scope_of_the_rule(api: Api) -> None:
    """So that the client can request it before its first call."""
    response = await api.send("GET", "/orders/1")
    assert 'scope="read"' in str(response.headers)
    denied = await api.send("GET", "/other", ((b"authorization", _bearer(api, "read")),))
    assert "scope=" not in str(denied.headers).replace("insufficient_scope", "")


@pytest.mark.parametrize(
    "settings",
    [
        {"requires": "read"},
        {"required": False},
    ],
)
def test_rules_are_alone(settings: dict[str, Any]) -> None:
    """What is required is said once."""
    with pytest.raises(ConfigurationError, match="rules="):
        Api(app=plain, middleware={"rules": RULES, **settings})


def test_rule_that_introspects_needs_an_issuer_that_can() -> None:
    """As `requires=` does; it is checked when the middleware is built."""
    rules = Rules([("/a", Requirement.of("read", introspect=True))])
    with pytest.raises(ConfigurationError, match="introspect"):
        Api(app=plain, middleware={"rules": rules})


def test_rules_without_introspection_need_no_issuer_that_can() -> None:
    """Nor do rules that introspect, if every guard can."""
    check_requirements(None, Rules([("/a", "read")]), [Api().guard], required=True)
    introspecting = Requirement.of("read", introspect=True)
    check_requirements(introspecting, None, [], required=False)


@pytest.mark.parametrize(
    ("urls", "is_refused"),
    [
        ([None], True),
        ([None, None], True),
        (["https://pdp.test"], False),
        ([None, "https://pdp.test"], False),
    ],
    ids=["none", "none of two", "one", "one of two"],
)
def test_policy_needs_a_guard_that_evaluates_it(
    urls: list[str | None], *, is_refused: bool
) -> None:
    """Of several guards one suffices, since which one serves a route is not known yet."""
    guards = [guard_of(url) for url in urls]
    check_policies([Requirement.of("read", introspect=True)], guards)
    if is_refused:
        with pytest.raises(ConfigurationError, match="policy_decision_point="):
            check_policies([Requirement(), Requirement.of(policy="order")], guards)
    else:
        check_policies([Requirement(), Requirement.of(policy="order")], guards)
