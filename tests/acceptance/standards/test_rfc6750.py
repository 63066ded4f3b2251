"""RFC 6750: bearer tokens (section 7 of the conformance matrix)."""

from typing import Any

import pytest

from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import NOW, RESOURCE, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.rejections import REJECTIONS, Rejection, rows

FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


@pytest.mark.conformance("6750-01")
async def test_bearer_token_in_the_header_is_accepted(api: Api) -> None:
    """Every resource server must support this method."""
    expect(await api.send("GET", "/r", bearer(api.token())), "200")


@pytest.mark.conformance("6750-02")
@pytest.mark.parametrize("spaces", ["  ", "     "], ids=["two", "five"])
async def test_several_spaces_after_the_scheme_are_accepted(api: Api, spaces: str) -> None:
    """The grammar is `1*SP`."""
    value = f"Bearer{spaces}{api.token()}".encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "200")


@pytest.mark.conformance("6750-02")
@pytest.mark.parametrize(
    "template",
    [
        pytest.param("Bearer\t{token}", id="tab"),
        pytest.param("Bearer \t{token}", id="space and tab"),
        pytest.param("Bearer", id="bare"),
        pytest.param("Bearer ", id="bare with a space"),
    ],
)
async def test_scheme_without_space_and_token_is_malformed(api: Api, template: str) -> None:
    """A tab does not separate, and the token must not be empty."""
    value = template.format(token=api.token()).encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "400 invalid_request")


@pytest.mark.conformance("6750-03")
@pytest.mark.parametrize(
    "token",
    [b"a=b", b"a b", b"a,b", b"a%b", b'"a"', b"\xe9", b"="],
    ids=["inner pad", "space", "comma", "percent", "quotes", "non-ASCII", "pad alone"],
)
async def test_credentials_that_are_no_token68_are_malformed(api: Api, token: bytes) -> None:
    """The issuer is not contacted."""
    response = await api.send("GET", "/r", [(b"authorization", b"Bearer " + token)])
    expect(response, "400 invalid_request")
    assert not api.authority.requests


@pytest.mark.conformance("6750-03")
async def test_whole_token68_alphabet_is_well_formed(api: Api) -> None:
    """The token is invalid, but the request is not malformed."""
    expect(await api.get("/r", "aA0-._~+/=="), "401 invalid_token")


@pytest.mark.conformance("6750-04")
@pytest.mark.parametrize(
    "template", ["Basic dTpw", "BearerT", "Bearerx {token}", "Bearer{token}", "Token {token}"]
)
async def test_unsupported_scheme_counts_as_no_credentials(api: Api, template: str) -> None:
    """The challenge therefore has no error."""
    value = template.format(token=api.token()).encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "401 none")


@pytest.mark.conformance("6750-05")
async def test_missing_credentials_get_a_challenge_without_error(api: Api) -> None:
    """It contains only realm, scope and resource_metadata."""
    response = await api.get("/r")
    expect(response, "401 none")
    ((scheme, parameters),) = response.challenges
    assert scheme == "Bearer"
    assert parameters.keys() <= {"realm", "scope", "resource_metadata"}


@pytest.mark.conformance("6750-06")
async def test_token_in_the_body_is_ignored_by_default(api: Api) -> None:
    """The body is not read."""
    form = f"access_token={api.token(scope='read write')}".encode()
    response = await api.send("POST", "/w", FORM, chunks=[form])
    expect(response, "401 none")
    assert response.received == 0


@pytest.mark.conformance("6750-06")
async def test_body_reaches_the_application_unread_by_default(api: Api) -> None:
    """A form may contain `access_token` beside a token in the header."""
    read: list[bytes] = []

    async def app(_connection: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            read.append(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    api = Api(app=app)
    chunks = [b"access_", b"token=x&a=", b"b"]
    headers = [*bearer(api.token(scope="read write")), *FORM]
    expect(await api.send("POST", "/w", headers, chunks=chunks), "200")
    assert read == chunks


@pytest.mark.conformance("6750-12")
async def test_token_in_the_query_is_ignored_by_default(api: Api) -> None:
    """It neither authenticates nor causes an error."""
    token = api.token()
    expect(await api.get(f"/r?access_token={token}"), "401 none")
    expect(await api.get(f"/r?access_token={token}", token), "200")


@pytest.mark.conformance("6750-17")
@pytest.mark.parametrize("rejection", rows(*(each for each in REJECTIONS if not each.outage)))
async def test_every_rejection_carries_a_challenge(api: Api, rejection: Rejection) -> None:
    """Exactly one, since only Bearer is offered."""
    response = await rejection.over_http(api)
    expect(response, rejection.outcome)
    assert len(response.challenges) == 1


@pytest.mark.conformance("6750-18")
@pytest.mark.parametrize("rejection", rows(*(each for each in REJECTIONS if not each.outage)))
async def test_challenge_always_has_a_parameter(rejection: Rejection) -> None:
    """Without realm and metadata, the realm is the resource identifier."""
    response = await rejection.over_http(Api(guard={"realm": None, "metadata": False}))
    assert response.lines("www-authenticate") != ["Bearer"]
    ((_, parameters),) = response.challenges
    assert parameters["realm"] == RESOURCE


@pytest.mark.conformance("6750-19")
@pytest.mark.parametrize("rejection", rows(*REJECTIONS))
async def test_challenge_parameter_occurs_once(rejection: Rejection) -> None:
    """The strict parser rejects duplicates; every parameter is configured here."""
    error_uri = "https://docs.example.com/errors"
    everything = Api(guard={"error_uri": error_uri}, middleware={"requires": "read"})
    response = await rejection.over_http(everything)
    expect(response, rejection.outcome)
    for _, parameters in response.challenges:
        assert parameters["realm"] == "api"


@pytest.mark.conformance("6750-20")
@pytest.mark.parametrize(
    ("realm", "written"),
    [
        pytest.param("api", 'realm="api"', id="plain"),
        pytest.param('a"b\\c', 'realm="a\\"b\\\\c"', id="escaped"),
        pytest.param("", 'realm=""', id="empty"),
    ],
)
async def test_challenge_values_are_quoted_strings(realm: str, written: str) -> None:
    """They parse back to the configured value."""
    response = await Api(guard={"realm": realm}).get("/r")
    assert written in response.lines("www-authenticate")[0]
    assert response.challenges[0][1]["realm"] == realm


@pytest.mark.conformance("6750-21")
@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\x7f", "é"], ids=ascii)
@pytest.mark.parametrize("setting", ["realm", "error_uri", "resource"])
def test_setting_with_control_or_non_ascii_character_is_rejected(
    setting: str, character: str
) -> None:
    """A ValueError when the guard is built, so no setting can inject a header."""
    with pytest.raises(ValueError, match=setting):
        Api(guard={setting: f"https://a.example/{character}"})


@pytest.mark.conformance("6750-22")
@pytest.mark.parametrize("scope", ['re"ad', "a b", "", "a\\b", "é", "a\n"], ids=ascii)
def test_invalid_required_scope_is_rejected_at_definition(api: Api, scope: str) -> None:
    """In a route, in the middleware and in the guard."""
    with pytest.raises(ValueError, match="is no scope"):
        requires(scope)
    with pytest.raises(ValueError, match="is no scope"):
        OAuthGuardMiddleware(api.application, api.guard, requires=scope)
    with pytest.raises(ValueError, match="is no scope"):
        Guard(RESOURCE, [api.jwt_issuer()], scopes_supported=[scope])


@pytest.mark.conformance("6750-23")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"key": SigningKey("k1")}, id="bad signature"),
        pytest.param({"aud": "https://other.example.com"}, id="wrong audience"),
        pytest.param({"nbf": NOW + 1}, id="not yet valid"),
        pytest.param({"exp": NOW}, id="expired"),
    ],
)
async def test_invalid_token_gets_401(api: Api, changes: dict[str, Any]) -> None:
    """The response is the same for each fault."""
    expect(await api.get("/r", api.token(**changes)), "401 invalid_token")


@pytest.mark.conformance("6750-23")
async def test_well_formed_string_that_is_no_token_gets_401(api: Api) -> None:
    """Its syntax is valid, so it is not a malformed request."""
    expect(await api.get("/r", "abc"), "401 invalid_token")


@pytest.mark.conformance("6750-24")
async def test_insufficient_scope_challenge_names_the_required_scopes(api: Api) -> None:
    """The required set, not the granted or the missing one."""
    response = await api.get("/admin", api.token())
    expect(response, "403 insufficient_scope")
    assert response.challenges[0][1]["scope"] == "read admin"


@pytest.mark.conformance("6750-25")
async def test_error_description_echoes_nothing_of_the_token(api: Api) -> None:
    """Nor do the log and the other headers."""
    response = await api.get("/r", api.token(sub="zzSECRETzz", exp=NOW - 1))
    expect(response, "401 invalid_token")
    assert "zzSECRETzz" not in repr(response.messages) + response.log


@pytest.mark.conformance("6750-25")
async def test_error_descriptions_are_a_fixed_set(api: Api) -> None:
    """There is one for each error code."""
    responses = [await each.over_http(api) for each in REJECTIONS if not each.outage]
    challenges = [parameters for each in responses for _, parameters in each.challenges]
    values = {(each.get("error"), each.get("error_description")) for each in challenges}
    assert len(values) == len({code for code, _ in values}) == 4


@pytest.mark.conformance("6750-26")
async def test_token_in_a_cookie_is_ignored(api: Api) -> None:
    """A browser sends cookies on cross-site requests."""
    cookie = (b"cookie", f"access_token={api.token()}".encode())
    expect(await api.send("GET", "/r", [cookie]), "401 none")
