"""The MCP server of the demo: its tools, what each requires, and whose session it is."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from demo_api.roster import ROSTER
from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    ORIGIN,
    Harness,
    basic,
    ok_json,
    redirect_parameters,
)
from tests.acceptance.demo.callers import bearer, person
from tests.acceptance.demo.running import demo_in_process
from tests.builders.mcp_server import ENVELOPE, INITIALIZE, MODERN

RESOURCE = f"{ORIGIN}/mcp"
FIELDS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
SOMEBODY = {"name": "Charles Babbage", "title": "Mechanic"}
BOTH = "read write"
NOT_FOUND = "Error executing tool {}: There is no such person, or none that you may see."

Caller = Callable[[Harness, str], Awaitable[dict[str, str]]]


async def ada(harness: Harness, scope: str = BOTH, resource: str = RESOURCE) -> dict[str, str]:
    """Return the header with a token of ada for *resource*."""
    page = await harness.authorize(scope=scope, resource=resource)
    if "password" in page.text:
        page = await harness.sign_in(page)
    code = redirect_parameters(await harness.submit(page, action="allow"))["code"]
    return bearer(ok_json(await harness.redeem(code))["access_token"])


async def service(harness: Harness, scope: str = BOTH) -> dict[str, str]:
    """Return the header with a token of the service account, who sees every organisation."""
    return await _without_a_browser(
        harness,
        scope=scope,
        grant_type="password",
        username="svc-etl",
        password=CREDENTIALS["service_accounts"]["svc-etl"]["password"],
    )


async def client_itself(harness: Harness, scope: str = BOTH) -> dict[str, str]:
    """Return the header with a token of a client for itself, who belongs to no organisation."""
    return await _without_a_browser(harness, scope=scope, grant_type="client_credentials")


async def _without_a_browser(harness: Harness, **form: str) -> dict[str, str]:
    response = await harness.post("token", basic("demo-service"), resource=RESOURCE, **form)
    return bearer(ok_json(response)["access_token"])


async def send(
    harness: Harness, headers: dict[str, str], method: str, **params: Any
) -> httpx.Response:
    """Send a request of the newer revision."""
    message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {**params, "_meta": ENVELOPE}}
    fields = {"mcp-protocol-version": MODERN, "mcp-method": method}
    if "name" in params:
        fields["mcp-name"] = params["name"]
    return await harness.http.post("/mcp", json=message, headers=FIELDS | fields | headers)


async def call(
    harness: Harness, headers: dict[str, str], tool: str, **arguments: Any
) -> tuple[bool, Any]:
    """Call *tool*; return whether it succeeded, and its result or its error text."""
    response = await send(harness, headers, "tools/call", name=tool, arguments=arguments)
    result = result_of(response)
    if result.get("isError"):
        return False, result["content"][0]["text"]
    return True, result["structuredContent"].get("result", result["structuredContent"])


def result_of(response: httpx.Response) -> dict[str, Any]:
    """Return the result in a response, which is JSON or one event."""
    assert response.status_code == 200, response.text
    data = response.text.partition("data: {")
    result: dict[str, Any] = json.loads("{" + data[2] if data[1] else data[0])["result"]
    return result


async def test_request_without_a_token_gets_the_scope_and_the_way_to_the_issuer(
    demo: Harness,
) -> None:
    """The challenge leads to the metadata of the MCP server, which names the issuer."""
    rejection = await send(demo, {}, "tools/list")
    assert rejection.status_code == 401
    challenge = rejection.headers.get_list("www-authenticate")[0]
    assert 'scope="read"' in challenge
    where = challenge.partition('resource_metadata="')[2].partition('"')[0]
    document = (await demo.http.get(where)).json()
    assert document["resource"] == RESOURCE
    assert document["authorization_servers"] == [ORIGIN]
    assert document["scopes_supported"] == ["read", "write"]


async def test_tools_are_listed_with_what_they_change(demo: Harness) -> None:
    """A client knows which tools only read."""
    tools = result_of(await send(demo, await ada(demo, "read"), "tools/list"))["tools"]
    assert {each["name"]: each.get("annotations", {}).get("readOnlyHint") for each in tools} == {
        "list_people": True,
        "show_person": True,
        "add_person": None,
        "remove_person": None,
    }


@pytest.mark.parametrize(
    ("caller", "organisations"),
    [
        pytest.param(ada, {"Engineering"}, id="a person"),
        pytest.param(service, set(ROSTER), id="the service account"),
        pytest.param(client_itself, set(), id="a client for itself"),
    ],
)
async def test_caller_sees_the_people_of_their_organisations_only(
    demo: Harness, caller: Caller, organisations: set[str]
) -> None:
    """The tools show the same as the API."""
    done, people = await call(demo, await caller(demo, "read"), "list_people")
    assert done
    assert {each["organisation"] for each in people} == organisations


async def test_person_who_is_added_is_shown_and_removed(demo: Harness) -> None:
    """The API sees the change, since both have the same data."""
    headers = await ada(demo)
    done, added = await call(demo, headers, "add_person", **SOMEBODY)
    assert done
    assert added == {**SOMEBODY, "organisation": "Engineering", "number": added["number"]}
    number = added["number"]
    assert await call(demo, headers, "show_person", number=number) == (True, added)
    at_the_api = await demo.http.get(
        f"/v1/data/employees/{number}", headers=await ada(demo, "read", f"{ORIGIN}/v1")
    )
    assert at_the_api.json()["name"] == SOMEBODY["name"]
    assert await call(demo, headers, "remove_person", number=number) == (True, "removed")
    assert await call(demo, headers, "show_person", number=number) == (
        False,
        NOT_FOUND.format("show_person"),
    )


@pytest.mark.parametrize("tool", ["add_person", "remove_person"])
async def test_token_with_read_scope_is_rejected_for_writing(demo: Harness, tool: str) -> None:
    """The challenge names both scopes, so that one step-up suffices."""
    headers = await ada(demo, "read")
    rejection = await send(demo, headers, "tools/call", name=tool, arguments={"number": 1})
    assert rejection.status_code == 403
    challenge = rejection.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="read write"' in challenge
    assert await call(demo, headers, "show_person", number=1) == (
        True,
        {"number": 1, "name": "Ada Lovelace", "title": "Head of Engineering"}
        | {"organisation": "Engineering"},
    )


async def test_hidden_person_is_indistinguishable_from_an_absent_one(demo: Harness) -> None:
    """Both tools that take a number give the same error for both."""
    _, people = await call(demo, await service(demo), "list_people")
    theirs = next(each["number"] for each in people if each["organisation"] == "Finance")
    headers = await ada(demo)
    for tool in ("show_person", "remove_person"):
        for number in (theirs, 999_999, 0):
            assert await call(demo, headers, tool, number=number) == (
                False,
                NOT_FOUND.format(tool),
            )


@pytest.mark.parametrize(
    ("caller", "arguments", "error"),
    [
        pytest.param(client_itself, SOMEBODY, "You belong to no organisation", id="of none"),
        pytest.param(service, SOMEBODY, "You see several organisations", id="of several"),
        pytest.param(ada, SOMEBODY | {"organisation": "Finance"}, "your own", id="elsewhere"),
        pytest.param(ada, SOMEBODY | {"name": " "}, "name", id="without a name"),
        pytest.param(ada, SOMEBODY | {"title": "x" * 101}, "title", id="a long title"),
        pytest.param(ada, {"name": "Charles"}, "title", id="without a title"),
    ],
)
async def test_addition_that_is_not_allowed_changes_nothing(
    demo: Harness, caller: Caller, arguments: dict[str, str], error: str
) -> None:
    """The error says why, by the rules of the API."""
    headers = await caller(demo, BOTH)
    before = await call(demo, headers, "list_people")
    done, text = await call(demo, headers, "add_person", **arguments)
    assert not done
    assert error in text
    assert await call(demo, headers, "list_people") == before


async def test_number_that_the_database_cannot_have_is_an_error_of_the_tool(demo: Harness) -> None:
    """It never reaches the database."""
    done, text = await call(demo, await ada(demo), "show_person", number=10**18)
    assert not done
    assert "number" in text


async def test_token_of_the_api_and_of_the_tools_are_not_interchangeable(demo: Harness) -> None:
    """Each has its own audience (RFC 8707)."""
    for_api, for_tools = await person(demo, "ada"), await ada(demo, "read")
    assert (await send(demo, for_api, "tools/list")).status_code == 401
    assert (await demo.http.get("/v1/me", headers=for_tools)).status_code == 401
    assert (await send(demo, for_tools, "tools/list")).status_code == 200
    assert (await demo.http.get("/v1/me", headers=for_api)).status_code == 200


async def test_opaque_token_is_introspected(opaque: Harness) -> None:
    """It is for the MCP server alone, as a JWT would be."""
    headers = await ada(opaque, "read")
    assert headers["Authorization"].count(".") == 0
    assert (await send(opaque, headers, "tools/list")).status_code == 200
    assert (await opaque.http.get("/v1/me", headers=headers)).status_code == 401


async def test_session_belongs_to_its_caller(demo: Harness) -> None:
    """Another caller gets 404 for it by each method, and it still serves its own."""
    owner, other = await ada(demo), await service(demo)
    opened = await demo.http.post("/mcp", json=INITIALIZE, headers=FIELDS | owner)
    session = {"mcp-session-id": opened.headers["mcp-session-id"]}
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    for method in ("POST", "GET", "DELETE"):
        content = json.dumps(ping) if method == "POST" else None
        stolen = await demo.http.request(
            method, "/mcp", headers=FIELDS | session | other, content=content
        )
        assert stolen.status_code == 404
    own = await demo.http.post("/mcp", json=ping, headers=FIELDS | session | owner)
    assert own.status_code == 200


async def test_server_without_controls_has_no_sessions() -> None:
    """Several processes serve then, and a session belongs to one of them."""
    async with demo_in_process(controls=False) as demo:
        headers = FIELDS | await ada(demo)
        opened = await demo.http.post("/mcp", json=INITIALIZE, headers=headers)
        assert opened.status_code == 200
        assert "mcp-session-id" not in opened.headers


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        pytest.param("host", "attacker.example", 421, id="another host"),
        pytest.param("origin", "https://attacker.example", 403, id="a page of another site"),
    ],
)
async def test_page_that_reaches_loopback_by_another_name_is_rejected(
    demo: Harness, field: str, value: str, status: int
) -> None:
    """The package checks Host and Origin, against DNS rebinding."""
    headers = {field: value} | await ada(demo)
    assert (await send(demo, headers, "tools/list")).status_code == status


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_page_of_the_inspector_may_call_the_server(demo: Harness, host: str) -> None:
    """Its preflight is allowed, with the header fields of MCP."""
    page = {
        "origin": f"http://{host}:6274",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,mcp-protocol-version",
    }
    preflight = await demo.http.options("/mcp", headers=page)
    assert preflight.status_code in {200, 204}
    assert preflight.headers["access-control-allow-origin"] == page["origin"]
    assert "mcp-protocol-version" in preflight.headers["access-control-allow-headers"].lower()
