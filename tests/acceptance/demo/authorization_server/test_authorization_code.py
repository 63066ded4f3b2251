"""The code flow: PKCE always, one redirect_uri, one use."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.demo.authorization_server.stage import (
    OAUTH,
    ORIGIN,
    RESOURCE,
    VERIFIER,
    Stage,
    accepted,
    alert,
    answer_in,
    basic,
    refused,
)

CALLBACK = "http://localhost:5000/oauth2/callback"


async def test_a_person_consents_and_the_client_gets_an_access_token(stage: Stage) -> None:
    """The token says who, for which client and resource, what, since when and how long."""
    answer = await stage.consent(scope="read write", state="xyz")
    assert answer["state"] == "xyz"
    assert answer["iss"] == ORIGIN
    token = accepted(await stage.redeem(answer["code"]))
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 300
    claims = await stage.claims(token["access_token"])
    assert claims.pop("jti")
    now = int(stage.clock.now)
    assert claims == {
        "iss": ORIGIN,
        "aud": RESOURCE,
        "sub": "u-ada-5f1c7e90",
        "client_id": "demo-web",
        "scope": "read write",
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
    }


async def test_scope_state_and_redirect_uri_may_be_left_out(stage: Stage) -> None:
    """The client's default scope and its only redirect_uri apply, and an apikey is ignored."""
    page = await stage.authorize(apikey="from some client software")
    redirect = await stage.submit(await stage.sign_in(page), action="allow")
    assert redirect.headers["location"].startswith(f"{CALLBACK}?code=")
    answer = answer_in(redirect)
    assert set(answer) == {"code", "iss"}
    # `scope` beside the code asks for nothing, and the client may say who it is twice.
    token = accepted(await stage.redeem(answer["code"], scope="read", client_id="demo-web"))
    assert token["scope"] == "read"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"code_challenge": None}, "invalid_request", id="no challenge"),
        pytest.param({"code_challenge_method": None}, "invalid_request", id="no method"),
        pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="plain"),
        pytest.param({"code_challenge": "short"}, "invalid_request", id="short challenge"),
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="implicit"),
        pytest.param({"response_type": 'c"\\é'}, "unsupported_response_type", id="odd letters"),
        pytest.param({"response_type": None}, "unsupported_response_type", id="no type"),
        pytest.param({"scope": "read admin"}, "invalid_scope", id="unknown scope"),
        pytest.param({"resource": "https://other.example"}, "invalid_target", id="other resource"),
    ],
)
async def test_a_bad_request_of_a_known_client_goes_back_to_it(
    stage: Stage, changes: dict[str, Any], error: str
) -> None:
    """The redirect carries the error, the state and the issuer, and no code."""
    response = await stage.authorize(state="xyz", **changes)
    assert response.headers["location"].startswith(f"{CALLBACK}?")
    answer = answer_in(response)
    assert answer["error"] == error
    assert answer["state"] == "xyz"
    assert answer["iss"] == ORIGIN
    assert "code" not in answer


async def test_a_bad_request_of_a_client_that_registered_itself_waits_for_someone(
    stage: Stage,
) -> None:
    """Else anybody could make a link to us that ends wherever they like (RFC 9700 §4.11.2)."""
    own = {"redirect_uris": ["https://evil.example/cb"]}
    client = accepted(await stage.http.post(f"{OAUTH}/register", json=own))["client_id"]
    nobody = await stage.authorize(client, code_challenge=None)
    assert nobody.status_code == 400
    assert "location" not in nobody.headers
    assert alert(nobody)
    await stage.sign_in(await stage.authorize(client))
    someone = await stage.authorize(client, code_challenge=None)
    assert someone.headers["location"].startswith("https://evil.example/cb?")
    assert answer_in(someone)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_id": "nobody"}, id="unknown client"),
        pytest.param({"client_id": None}, id="no client"),
        pytest.param({"client_id": "demo-service"}, id="client without redirect_uri"),
        pytest.param({"client_id": "demo-cli"}, id="client with two and none named"),
        pytest.param({"client_id": ["demo-web", "demo-cli"]}, id="two clients"),
        pytest.param({"redirect_uri": "https://evil.example/cb"}, id="foreign redirect_uri"),
        pytest.param({"redirect_uri": f"{CALLBACK}/"}, id="one letter more"),
        pytest.param({"redirect_uri": CALLBACK.replace("5000", "5001")}, id="localhost, new port"),
        pytest.param({"redirect_uri": 'javascript:alert("é")'}, id="script"),
        pytest.param({"redirect_uri": [CALLBACK, CALLBACK]}, id="two redirect_uris"),
        pytest.param({"scope": ["read", "read"]}, id="two scopes"),
    ],
)
async def test_whoever_may_not_be_redirected_gets_a_page(
    stage: Stage, changes: dict[str, Any]
) -> None:
    """There is no redirect to an address that nobody vouched for."""
    response = await stage.authorize(**changes)
    assert response.status_code == 400
    assert "location" not in response.headers
    assert alert(response)
    assert "evil" not in response.text


@pytest.mark.parametrize(
    "redirect_uri",
    [
        pytest.param("http://127.0.0.1/callback", id="as registered"),
        pytest.param("http://127.0.0.1:49152/callback", id="any loopback port"),
        pytest.param(f"{ORIGIN}/v1/fastapi/docs/oauth2-redirect", id="docs page"),
        pytest.param("http://127.0.0.1:9000/docs/oauth2-redirect", id="docs page of another app"),
    ],
)
async def test_a_public_client_redeems_its_code_by_pkce_alone(
    stage: Stage, redirect_uri: str
) -> None:
    """It names its redirect_uri twice and its verifier once, and has no secret."""
    answer = await stage.consent("demo-cli", redirect_uri=redirect_uri)
    response = await stage.redeem(answer["code"], "demo-cli", redirect_uri=redirect_uri)
    claims = await stage.claims(accepted(response)["access_token"])
    assert claims["client_id"] == "demo-cli"


async def test_a_redirect_uri_keeps_its_own_query(stage: Stage) -> None:
    """What the client registered comes back with it."""
    uri = "https://client.example/cb?tenant=a%20b"
    registered = await stage.http.post(
        "/v1/auth/oauth2/register", json={"redirect_uris": [uri], "client_name": "Tenant"}
    )
    redirect = await stage.submit(
        await stage.sign_in(await stage.authorize(accepted(registered)["client_id"])),
        action="allow",
    )
    assert urlsplit(redirect.headers["location"]).hostname == "client.example"
    assert answer_in(redirect)["tenant"] == "a b"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param({"code": "guess"}, (400, "invalid_grant"), id="wrong code"),
        pytest.param({"code": ""}, (400, "invalid_request"), id="no code"),
        pytest.param({"code_verifier": "x" * 43}, (400, "invalid_grant"), id="wrong verifier"),
        pytest.param({"code_verifier": "x"}, (400, "invalid_request"), id="bad verifier"),
        pytest.param({"code_verifier": ""}, (400, "invalid_request"), id="no verifier"),
        pytest.param({"redirect_uri": ORIGIN}, (400, "invalid_grant"), id="other redirect_uri"),
        pytest.param({"redirect_uri": ""}, (400, "invalid_grant"), id="redirect_uri not repeated"),
        pytest.param({"resource": ORIGIN}, (400, "invalid_target"), id="other resource"),
    ],
)
async def test_a_code_is_bound_to_what_was_asked(
    stage: Stage, changes: dict[str, str], refusal: tuple[int, str]
) -> None:
    """A code opens nothing without its redirect_uri and its verifier."""
    code = (await stage.consent(redirect_uri=CALLBACK))["code"]
    wrong = {"code": code, "redirect_uri": CALLBACK} | changes
    assert refused(await stage.redeem(**wrong)) == refusal


async def test_a_code_is_bound_to_its_client(stage: Stage) -> None:
    """Another client cannot redeem it, and its own still can."""
    code = (await stage.consent())["code"]
    assert refused(await stage.redeem(code, "demo-cli")) == (400, "invalid_grant")
    accepted(await stage.redeem(code))


async def test_a_second_use_of_a_code_ends_what_came_of_the_first(stage: Stage) -> None:
    """One of the two who used it stole it, so neither keeps anything."""
    code = (await stage.consent())["code"]
    token = accepted(await stage.redeem(code))
    assert refused(await stage.redeem(code)) == (400, "invalid_grant")
    assert refused(await stage.refresh(token["refresh_token"])) == (400, "invalid_grant")
    assert await stage.introspect(token["access_token"]) == {"active": False}


@pytest.mark.parametrize(
    ("seconds", "status"), [pytest.param(59, 200, id="59 s"), pytest.param(60, 400, id="60 s")]
)
async def test_a_code_lives_a_minute(stage: Stage, seconds: int, status: int) -> None:
    """Then it is as good as none."""
    code = (await stage.consent())["code"]
    stage.clock.now += seconds
    assert (await stage.redeem(code)).status_code == status


async def test_a_client_registered_for_other_grants_cannot_redeem(stage: Stage) -> None:
    """The grant is checked before the code."""
    data = {"grant_type": "authorization_code", "code": "any", "code_verifier": VERIFIER}
    response = await stage.post("token", basic("demo-service"), **data)
    assert refused(response) == (400, "unauthorized_client")
