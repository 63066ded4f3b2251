"""RFC 6750: bearer tokens (section 7 of the conformance matrix)."""

from typing import Any

import pytest

from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import NOW, RESOURCE, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.refusals import REFUSALS, Refusal, rows

FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


@pytest.mark.conformance("6750-01")
async def test_a_bearer_token_is_taken_from_the_header(api: Api) -> None:
    """The one method that every resource server must support."""
    expect(await api.send("GET", "/r", bearer(api.token())), "200")


@pytest.mark.conformance("6750-02")
@pytest.mark.parametrize("spaces", ["  ", "     "], ids=["two", "five"])
async def test_several_spaces_may_follow_the_scheme(api: Api, spaces: str) -> None:
    """The grammar says `1*SP`."""
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
async def test_a_scheme_without_space_and_token_is_malformed(api: Api, template: str) -> None:
    """A tab is no space, and no token is no token."""
    value = template.format(token=api.token()).encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "400 invalid_request")


@pytest.mark.conformance("6750-03")
@pytest.mark.parametrize(
    "token",
    [b"a=b", b"a b", b"a,b", b"a%b", b'"a"', b"\xe9", b"="],
    ids=["inner pad", "space", "comma", "percent", "quotes", "non-ASCII", "pad alone"],
)
async def test_what_is_no_token68_is_malformed(api: Api, token: bytes) -> None:
    """Nobody is asked about it."""
    answer = await api.send("GET", "/r", [(b"authorization", b"Bearer " + token)])
    expect(answer, "400 invalid_request")
    assert not api.authority.requests


@pytest.mark.conformance("6750-03")
async def test_the_whole_alphabet_is_well_formed(api: Api) -> None:
    """Such a token is judged, as a token and not as syntax."""
    expect(await api.get("/r", "aA0-._~+/=="), "401 invalid_token")


@pytest.mark.conformance("6750-04")
@pytest.mark.parametrize(
    "template", ["Basic dTpw", "BearerT", "Bearerx {token}", "Bearer{token}", "Token {token}"]
)
async def test_an_unsupported_scheme_is_no_authentication(api: Api, template: str) -> None:
    """Nobody has tried what we offer, so there is no error to tell."""
    value = template.format(token=api.token()).encode()
    expect(await api.send("GET", "/r", [(b"authorization", value)]), "401 none")


@pytest.mark.conformance("6750-05")
async def test_no_credentials_are_no_error(api: Api) -> None:
    """The challenge says where to go and nothing else."""
    answer = await api.get("/r")
    expect(answer, "401 none")
    ((scheme, parameters),) = answer.challenges
    assert scheme == "Bearer"
    assert parameters.keys() <= {"realm", "scope", "resource_metadata"}


@pytest.mark.conformance("6750-06")
async def test_a_token_in_the_body_is_not_looked_for(api: Api) -> None:
    """The body is the application's."""
    form = f"access_token={api.token(scope='read write')}".encode()
    answer = await api.send("POST", "/w", FORM, chunks=[form])
    expect(answer, "401 none")
    assert answer.received == 0


@pytest.mark.conformance("6750-06")
async def test_a_body_reaches_the_application_unread(api: Api) -> None:
    """Beside a token in the header a form may hold what it likes."""
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
async def test_a_token_in_the_query_is_not_looked_for(api: Api) -> None:
    """It neither authenticates nor disturbs."""
    token = api.token()
    expect(await api.get(f"/r?access_token={token}"), "401 none")
    expect(await api.get(f"/r?access_token={token}", token), "200")


@pytest.mark.conformance("6750-17")
@pytest.mark.parametrize("refusal", rows(*(each for each in REFUSALS if not each.outage)))
async def test_every_refusal_carries_a_challenge(api: Api, refusal: Refusal) -> None:
    """Whoever is refused is told how to do better."""
    answer = await refusal.over_http(api)
    expect(answer, refusal.outcome)
    assert len(answer.challenges) == 1


@pytest.mark.conformance("6750-18")
@pytest.mark.parametrize("refusal", rows(*(each for each in REFUSALS if not each.outage)))
async def test_no_challenge_is_bare(refusal: Refusal) -> None:
    """Where nothing is configured, the resource names the protection space."""
    answer = await refusal.over_http(Api(guard={"realm": None, "metadata": False}))
    assert answer.lines("www-authenticate") != ["Bearer"]
    ((_, parameters),) = answer.challenges
    assert parameters["realm"] == RESOURCE


@pytest.mark.conformance("6750-19")
@pytest.mark.parametrize("refusal", rows(*REFUSALS))
async def test_a_parameter_stands_once_in_a_challenge(refusal: Refusal) -> None:
    """The strict parser refuses a second one; all of them are configured here."""
    error_uri = "https://docs.example.com/errors"
    everything = Api(guard={"error_uri": error_uri}, middleware={"requires": "read"})
    answer = await refusal.over_http(everything)
    expect(answer, refusal.outcome)
    for _, parameters in answer.challenges:
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
async def test_values_are_quoted_strings(realm: str, written: str) -> None:
    """They parse back to what was configured."""
    answer = await Api(guard={"realm": realm}).get("/r")
    assert written in answer.lines("www-authenticate")[0]
    assert answer.challenges[0][1]["realm"] == realm


@pytest.mark.conformance("6750-21")
@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\x7f", "é"], ids=ascii)
@pytest.mark.parametrize("setting", ["realm", "error_uri", "resource"])
def test_no_setting_can_split_a_header(setting: str, character: str) -> None:
    """Such a value fails when the guard is built."""
    with pytest.raises(ValueError, match=setting):
        Api(guard={setting: f"https://a.example/{character}"})


@pytest.mark.conformance("6750-22")
@pytest.mark.parametrize("scope", ['re"ad', "a b", "", "a\\b", "é", "a\n"], ids=ascii)
def test_a_scope_that_can_not_be_written_is_refused_at_once(api: Api, scope: str) -> None:
    """When the route is defined, and wherever else one is named."""
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
async def test_a_token_that_is_not_good_is_a_401(api: Api, changes: dict[str, Any]) -> None:
    """Whatever is wrong with it, the answer is the same."""
    expect(await api.get("/r", api.token(**changes)), "401 invalid_token")


@pytest.mark.conformance("6750-23")
async def test_a_word_that_is_no_token_is_a_401(api: Api) -> None:
    """Its syntax is fine, so the request is."""
    expect(await api.get("/r", "abc"), "401 invalid_token")


@pytest.mark.conformance("6750-24")
async def test_too_little_scope_names_what_is_needed(api: Api) -> None:
    """The required set, not the granted or the missing one."""
    answer = await api.get("/admin", api.token())
    expect(answer, "403 insufficient_scope")
    assert answer.challenges[0][1]["scope"] == "read admin"


@pytest.mark.conformance("6750-25")
async def test_a_description_echoes_nothing(api: Api) -> None:
    """Words of the token come back nowhere."""
    answer = await api.get("/r", api.token(sub="zzSECRETzz", exp=NOW - 1))
    expect(answer, "401 invalid_token")
    assert "zzSECRETzz" not in repr(answer.messages) + answer.log


@pytest.mark.conformance("6750-25")
async def test_descriptions_are_a_fixed_set(api: Api) -> None:
    """One for each error code, whatever happened."""
    answers = [await each.over_http(api) for each in REFUSALS if not each.outage]
    challenges = [parameters for each in answers for _, parameters in each.challenges]
    told = {(each.get("error"), each.get("error_description")) for each in challenges}
    assert len(told) == len({code for code, _ in told}) == 4


@pytest.mark.conformance("6750-26")
async def test_a_cookie_is_no_credential(api: Api) -> None:
    """A browser sends it without being asked."""
    cookie = (b"cookie", f"access_token={api.token()}".encode())
    expect(await api.send("GET", "/r", [cookie]), "401 none")
