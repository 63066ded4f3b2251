"""OpenID AuthZEN Authorization API 1.0: every door evaluates its policy at a real server."""

from collections.abc import Iterator
from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard, Identity, Requirement
from oauth_guard.asgi import GUARD, IDENTITY, REQUEST
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.route_check import check_known
from oauth_guard.testing import challenge, insufficient_scope
from tests.builders.lenient_mcp import LenientMCP
from tests.builders.mcp_server import LEGACY, MODERN, GuardedNotes
from tests.builders.policy_doors import DOORS, LOCAL, REQUIREMENT, RESOURCE, Door, guard_of
from tests.builders.policy_server import PolicyServer, policy_server


@pytest.fixture
def server() -> Iterator[PolicyServer]:
    """Run a policy decision point."""
    with policy_server() as server:
        yield server


EVERY_DOOR = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@EVERY_DOOR
@pytest.mark.conformance("AZ-01", "AZ-02", "AZ-04", "AZ-05", "AZ-08", "AZ-25")
async def test_door_admits_callers_that_the_policy_permits(
    server: PolicyServer, door: Door
) -> None:
    """One evaluation, with the caller, the method, and what the framework knows of the route."""
    async with guard_of(server.url) as guard:
        assert (await door.send(guard)).status_code == 200
    assert server.faults == []
    (evaluation,) = server.evaluations
    assert evaluation["subject"]["id"] == f"{LOCAL.issuer}#u1"
    assert evaluation["action"] == {"name": "GET"}
    found = {**evaluation["resource"], **evaluation["resource"]["properties"]}
    assert (found["type"], found["resource"]) == ("order", RESOURCE)
    assert {name: found.get(name) for name in door.resource} == door.resource


@EVERY_DOOR
@pytest.mark.conformance("AZ-08", "AZ-11", "AZ-25")
async def test_door_rejects_callers_that_the_policy_denies(
    server: PolicyServer, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """403 with a fixed text; the reason is in the log alone."""
    caplog.set_level("INFO", "oauth_guard")
    reason = {"reason_admin": {"403": "policy C076 denies u1"}}
    server.decide = lambda _: {"decision": False, "context": reason}
    async with guard_of(server.url) as guard:
        response = await door.send(guard)
    assert challenge(response) == insufficient_scope()
    assert "C076" not in response.text + str(response.headers)
    ours = [each.getMessage() for each in caplog.records if each.name == "oauth_guard"]
    assert [each for each in ours if "policy C076 denies ***" in each]
    assert [each for each in ours if each.endswith(": policy_denied")]
    assert not [each for each in ours if "u1" in each]


@EVERY_DOOR
@pytest.mark.parametrize("body", [b'{"decision": "true"}', b"{}", b'{"decision": 1}', b"<html>"])
@pytest.mark.conformance("AZ-07", "AZ-25")
async def test_door_is_closed_without_a_decision(
    server: PolicyServer, door: Door, body: bytes
) -> None:
    """503 and when to try again; neither 401 nor 403, and never open."""
    server.body = body
    async with guard_of(server.url) as guard:
        response = await door.send(guard)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    assert "www-authenticate" not in response.headers


@EVERY_DOOR
@pytest.mark.conformance("AZ-24", "AZ-25")
async def test_door_evaluates_no_policy_for_a_caller_who_lacks_something_else(
    server: PolicyServer, door: Door
) -> None:
    """Neither without the scope, nor without a valid token."""
    async with guard_of(server.url) as guard:
        lacking = await door.send(guard, LOCAL.token("write", exp=4_102_444_800))
        assert challenge(lacking) == insufficient_scope("read")
        assert (await door.send(guard, LOCAL.token("read", exp=1))).status_code == 401
        assert challenge(await door.send(guard, "")).error is None
    assert server.evaluations == []


@EVERY_DOOR
@pytest.mark.conformance("AZ-25")
async def test_door_of_a_guard_without_a_decision_point_fails(door: Door) -> None:
    """When it is built, at the first request, or with 500."""
    assert await _status(door, guard_of(None)) == 500


async def _status(door: Door, guard: Guard) -> int:
    """Return the status; 500 if the application can't be built, or raises."""
    try:
        return (await door.send(guard)).status_code
    except ConfigurationError:
        return 500


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/orders/42", 200),
        ("/orders/%2e%2e/42", 400),
        ("//orders/42", 400),
        ("/orders/42;x=1", 400),
        ("/orders%2f42", 400),
    ],
)
@pytest.mark.parametrize("name", ["middleware", "check"])
@pytest.mark.conformance("AZ-06")
async def test_ambiguous_path_is_not_evaluated(
    server: PolicyServer, name: str, path: str, status: int
) -> None:
    """The policy would decide about another path than the application serves."""
    door = Door(DOORS[name].build, RESOURCE + path, {}, {})
    async with guard_of(server.url) as guard:
        assert (await door.send(guard)).status_code == status
    assert len(server.evaluations) == (status == 200)


@pytest.mark.conformance("AZ-25")
async def test_requirement_with_a_policy_is_refused_without_io(server: PolicyServer) -> None:
    """`Guard.authorize` and `check_known` can't wait, so they raise."""
    caller = Identity(issuer=LOCAL.issuer, subject="u1", scopes=frozenset({"read"}))
    guard = guard_of(server.url)
    with pytest.raises(ConfigurationError, match="authorize_request"):
        guard.authorize(caller, REQUIREMENT)
    connection = {GUARD: guard, IDENTITY: caller, REQUEST: ResourceRequest({"headers": []})}
    with pytest.raises(ConfigurationError, match="await check"):
        check_known(connection, REQUIREMENT)
    assert server.evaluations == []


_NOTE = Requirement.of("notes", policy="note")


def _notes(package: str, server: PolicyServer, **rules: Any) -> GuardedNotes | LenientMCP:
    """Return the server of a package, or one of no package."""
    point = PolicyDecisionPoint(server.url)
    return _build(package, guard={"policy_decision_point": point}, rules=rules)


def _build(package: str, **settings: Any) -> GuardedNotes | LenientMCP:
    if package == "none":
        return LenientMCP(**settings)
    return GuardedNotes("mcp" if package == "mcp" else "fastmcp", **settings)


@pytest.mark.parametrize("package", ["mcp", "fastmcp", "none"])
@pytest.mark.parametrize(
    ("decision", "status"), [(True, 200), (False, 403), ("true", 503)], ids=["yes", "no", "outage"]
)
@pytest.mark.conformance("AZ-25")
async def test_mcp_tool_runs_only_if_its_policy_permits_it(
    server: PolicyServer, package: str, decision: object, status: int
) -> None:
    """The action is the method of the message, and the resource the tool."""
    rule = Requirement.of("notes", policy="note tools")
    notes = _notes(package, server, tools={"delete": rule})
    server.decide = lambda _: decision
    async with notes.client() as client:
        response = await client.call_tool(MODERN, notes.token("notes"), "delete")
    assert response.status_code == status
    assert notes.calls == (["delete"] if status == 200 else [])
    assert server.faults == []
    evaluation = server.evaluations[0]
    assert evaluation["action"] == {"name": "tools/call"}
    resource = evaluation["resource"]
    assert (resource["type"], resource["id"]) == ("note tools", "delete")
    assert resource["properties"]["kind"] == "tools"


@pytest.mark.parametrize("package", ["mcp", "fastmcp", "none"])
@pytest.mark.parametrize("revision", [LEGACY, MODERN])
@pytest.mark.parametrize(
    ("rules", "method", "params"),
    [
        ({"tools": {"delete": _NOTE}}, "tools/call", {"name": "delete", "arguments": {}}),
        ({"resources": {"notes://all": _NOTE}}, "resources/read", {"uri": "notes://all"}),
        (
            {"resources": {"notes://one/{number}": _NOTE}},
            "resources/read",
            {"uri": "notes://one/7"},
        ),
        ({"prompts": {"summary": _NOTE}}, "prompts/get", {"name": "summary"}),
    ],
    ids=["tool", "resource", "template", "prompt"],
)
async def test_policy_of_an_mcp_operation_is_evaluated_once(
    server: PolicyServer,
    package: str,
    revision: str,
    rules: dict[str, Any],
    method: str,
    params: dict[str, Any],
) -> None:
    """The first and the last check of the dispatch see the same operation."""
    notes = _notes(package, server, **rules)
    server.decide = lambda _: True
    async with notes.client() as client:
        await client.call(revision, notes.token("notes"), method, params)
    assert [each["action"]["name"] for each in server.evaluations] == [method]


async def test_tool_that_middleware_renames_is_evaluated_by_its_new_name(
    server: PolicyServer,
) -> None:
    """Though both tools require the same policy."""

    async def rename(ctx: Any, call_next: Any) -> Any:
        if ctx.method == "tools/call":
            ctx.params["name"] = "delete"
        return await call_next(ctx)

    notes = _notes("mcp", server, tools={"whoami": _NOTE, "delete": _NOTE})
    assert isinstance(notes, GuardedNotes)
    notes.server._lowlevel_server.middleware.insert(1, rename)  # noqa: SLF001 - its middleware
    server.decide = lambda evaluation: evaluation["resource"]["id"] == "whoami"
    async with notes.client() as client:
        response = await client.call_tool(MODERN, notes.token("notes"), "whoami")
    assert response.status_code == 403
    assert [each["resource"]["id"] for each in server.evaluations] == ["whoami", "delete"]
    assert notes.calls == []


@pytest.mark.parametrize("package", ["mcp", "fastmcp", "none"])
@pytest.mark.conformance("AZ-25")
def test_mcp_server_with_a_policy_needs_a_decision_point(package: str) -> None:
    """When it is guarded."""
    rules = {"tools": {"delete": Requirement.of("notes", policy="note tools")}}
    with pytest.raises(ConfigurationError, match="policy_decision_point="):
        _build(package, rules=rules)
