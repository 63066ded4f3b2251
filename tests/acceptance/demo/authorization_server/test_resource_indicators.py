"""Resource indicators: a token is for the resources that its client named (RFC 8707)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo_api.resources import loopback_resource
from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    ORIGIN,
    RESOURCE,
    Harness,
    basic,
    error_of,
    ok_json,
    open_harness,
    soup,
)

TOOLS, NOTES = f"{ORIGIN}/mcp", "http://127.0.0.1:9000"
UNKNOWN = "http://127.0.0.1:9001"
ITSELF = {"grant_type": "client_credentials"}
SERVICE = {
    "grant_type": "password",
    "username": "svc-etl",
    "password": CREDENTIALS["service_accounts"]["svc-etl"]["password"],
}


@pytest.fixture(params=[False, True], ids=["JWT", "opaque"])
async def several(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    """Yield a harness of a server with three resources."""
    async with open_harness(more_resources=(TOOLS, NOTES), opaque=request.param) as opened:
        yield opened


async def audience(harness: Harness, token: str) -> Any:
    """Return the audience of *token*, by introspection."""
    return (await harness.introspect(token))["aud"]


@pytest.mark.parametrize(
    ("authorized", "named", "granted"),
    [
        pytest.param(None, None, RESOURCE, id="none: the default"),
        pytest.param(TOOLS, None, TOOLS, id="at first"),
        pytest.param(TOOLS, TOOLS, TOOLS, id="both times"),
        pytest.param([TOOLS, NOTES], NOTES, NOTES, id="one of two"),
        pytest.param([TOOLS, TOOLS], TOOLS, TOOLS, id="one twice"),
        pytest.param(None, RESOURCE, RESOURCE, id="the default by name"),
    ],
)
async def test_token_of_a_person_is_for_the_resources_that_were_named(
    several: Harness, authorized: Any, named: Any, granted: Any
) -> None:
    """The token request may name some of those that the person consented to."""
    code = (await several.consent(resource=authorized))["code"]
    more = {} if named is None else {"resource": named}
    token = ok_json(await several.redeem(code, **more))["access_token"]
    assert await audience(several, token) == granted


@pytest.mark.parametrize("grant", [ITSELF, SERVICE], ids=lambda each: each["grant_type"])
@pytest.mark.parametrize(
    ("named", "granted"),
    [({}, RESOURCE), ({"resource": TOOLS}, TOOLS)],
    ids=["none", "one"],
)
async def test_token_without_a_browser_is_for_the_resources_that_were_named(
    several: Harness, grant: dict[str, Any], named: dict[str, Any], granted: Any
) -> None:
    """The one request names them."""
    response = await several.post("token", basic("demo-service"), **grant, **named)
    assert await audience(several, ok_json(response)["access_token"]) == granted


async def test_refresh_token_gets_a_token_for_each_of_its_resources(several: Harness) -> None:
    """One consent suffices for several resources, with a token of its own for each."""
    code = (await several.consent(resource=[TOOLS, NOTES]))["code"]
    tokens = ok_json(await several.redeem(code, resource=TOOLS))
    assert await audience(several, tokens["access_token"]) == TOOLS
    for resource in (NOTES, TOOLS):
        tokens = ok_json(await several.refresh(tokens["refresh_token"], resource=resource))
        assert await audience(several, tokens["access_token"]) == resource


@pytest.mark.parametrize("named", [{}, {"resource": [TOOLS, NOTES]}], ids=["none", "two"])
async def test_token_is_never_for_several_resources(several: Harness, named: Any) -> None:
    """The server of one of them could use it at the others (RFC 9700 §2.3)."""
    code = (await several.consent(resource=[TOOLS, NOTES]))["code"]
    assert error_of(await several.redeem(code, **named)) == (400, "invalid_target")
    tokens = ok_json(await several.redeem(code, resource=NOTES))
    response = await several.refresh(tokens["refresh_token"], **named)
    assert error_of(response) == (400, "invalid_target")
    both = {"resource": [TOOLS, NOTES]}
    response = await several.post("token", basic("demo-service"), **ITSELF, **both)
    assert error_of(response) == (400, "invalid_target")


@pytest.mark.parametrize("named", [RESOURCE, UNKNOWN, f"{TOOLS}/", [TOOLS, RESOURCE]])
async def test_resource_beyond_the_consent_is_rejected(several: Harness, named: Any) -> None:
    """A code and a refresh token are for the resources of the authorization request alone."""
    code = (await several.consent(resource=TOOLS))["code"]
    rejected = await several.redeem(code, resource=named)
    assert error_of(rejected) == (400, "invalid_target")
    tokens = ok_json(await several.redeem(code))
    rejected = await several.refresh(tokens["refresh_token"], resource=named)
    assert error_of(rejected) == (400, "invalid_target")
    again = ok_json(await several.refresh(tokens["refresh_token"]))
    assert await audience(several, again["access_token"]) == TOOLS


@pytest.mark.parametrize("named", [UNKNOWN, f"{TOOLS}/", TOOLS.upper(), [TOOLS, UNKNOWN]])
async def test_unknown_resource_is_rejected_at_both_endpoints(several: Harness, named: Any) -> None:
    """URLs are compared character by character."""
    page = await several.authorize("demo-cli", resource=named)
    assert page.status_code == 400
    response = await several.post("token", basic("demo-service"), **ITSELF, resource=named)
    assert error_of(response) == (400, "invalid_target")


async def test_consent_page_names_the_resources(several: Harness) -> None:
    """The person sees where the client may act for them."""
    page = await several.sign_in(await several.authorize(resource=[TOOLS, NOTES]))
    assert f"It may do so at {TOOLS}, {NOTES}." in soup(page).get_text()
    page = await several.authorize()
    assert f"It may do so at {RESOURCE}." in soup(page).get_text()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000",
        "http://127.0.0.2/mcp",
        "http://localhost:9000/a?b=c",
        "https://[::1]:9000/mcp",
    ],
)
def test_resource_on_loopback_is_accepted_unaltered(url: str) -> None:
    """Clients send the same characters."""
    assert loopback_resource(url) == url


@pytest.mark.parametrize(
    "text",
    [
        *("https://api.example.com", "http://10.0.0.1", "http://localhost.example", "127.0.0.1"),
        *("http://127.0.0.1:9000#a", "http://127.0.0.1:70000", "http://ada@127.0.0.1", ""),
        *("ftp://127.0.0.1", "http://127.0.0.1/a b", "http://[::1", "http://127.0.0.1/\n", "http:"),
    ],
)
def test_resource_that_is_no_url_of_this_machine_is_rejected(text: str) -> None:
    """A fragment, an invalid port and a user name are rejected too."""
    with pytest.raises(ValueError, match="not a URL of this machine"):
        loopback_resource(text)
