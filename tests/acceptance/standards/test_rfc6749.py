"""RFC 6749: the OAuth 2.0 framework (section 6 of the conformance matrix)."""

import json
import re
import traceback

import pytest

from oauth_guard import RequestRejected
from oauth_guard.protocol.request import ResourceRequest
from tests.acceptance.standards.answer import Headers
from tests.acceptance.standards.api import NOW, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.refusals import BY_THE_DOOR, BY_THE_ROUTE, REFUSALS, Refusal, rows


@pytest.mark.conformance("6749-01")
@pytest.mark.parametrize(
    ("exp", "outcome"),
    [
        pytest.param(NOW + 300, "200", id="valid"),
        pytest.param(NOW - 1, "401 invalid_token", id="expired"),
    ],
)
async def test_a_token_is_judged_before_the_resource_is_served(
    api: Api, exp: int, outcome: str
) -> None:
    """A token that has expired opens nothing."""
    expect(await api.get("/r", api.token(exp=exp)), outcome)


@pytest.mark.conformance("6749-02")
@pytest.mark.parametrize(
    ("scope", "outcome"), [("read", "403 insufficient_scope"), ("read write", "200")]
)
async def test_the_scope_must_cover_the_resource(api: Api, scope: str, outcome: str) -> None:
    """A good token without the scope is not enough."""
    expect(await api.post("/w", api.token(scope=scope)), outcome)


@pytest.mark.conformance("6749-03")
@pytest.mark.parametrize(
    ("scope", "outcome"), [("admin read", "200"), ("admin", "403 insufficient_scope")]
)
async def test_every_required_scope_counts_and_no_order(api: Api, scope: str, outcome: str) -> None:
    """Both are wanted, whichever is named first."""
    expect(await api.get("/admin", api.token(scope=scope)), outcome)


@pytest.mark.conformance("6749-04")
@pytest.mark.parametrize("scope", ["WRITE", "write:all", "rewrite", "write.own"])
async def test_a_scope_is_matched_whole(api: Api, scope: str) -> None:
    """Neither case nor prefix nor suffix is forgiven."""
    expect(await api.post("/w", api.token(scope=scope)), "403 insufficient_scope")


@pytest.mark.conformance("6749-05")
@pytest.mark.parametrize(
    "scope",
    [
        pytest.param("read\twrite", id="tab"),
        pytest.param("read,write", id="comma"),
        pytest.param("read\u00a0write", id="no-break space"),
    ],
)
async def test_only_a_space_separates_scopes(api: Api, scope: str) -> None:
    """Anything else is part of one unknown scope."""
    expect(await api.post("/w", api.token(scope=scope)), "403 insufficient_scope")


@pytest.mark.conformance("6749-06")
@pytest.mark.parametrize("refusal", rows(*BY_THE_DOOR))
async def test_a_body_of_ours_repeats_the_challenge(refusal: Refusal) -> None:
    """It is JSON and says what the challenge says; where that says nothing, there is no body."""
    api = Api(guard={"error_uri": "https://docs.example.com/errors"})
    answer = await refusal.over_http(api)
    expect(answer, refusal.outcome)
    told = [
        {name: value for name, value in parameters.items() if name.startswith("error")}
        for _, parameters in answer.challenges
    ]
    if answer.body:
        assert answer.lines("content-type") == ["application/json"]
        assert [json.loads(answer.body)] == told
        assert list(told[0]) == ["error", "error_description", "error_uri"]
    else:
        assert refusal.outcome in {"401 none", "503"}
        assert not answer.lines("content-type")


@pytest.mark.conformance("6749-06")
@pytest.mark.parametrize("refusal", rows(*BY_THE_ROUTE))
async def test_a_body_of_the_framework_says_nothing_of_ours(api: Api, refusal: Refusal) -> None:
    """A route's refusal has our status and challenge over the framework's own body."""
    by_the_route = await refusal.over_http(api)
    expect(by_the_route, refusal.outcome)
    assert by_the_route.body == b"Forbidden"
    assert by_the_route.lines("content-type") == ["text/plain; charset=utf-8"]
    by_the_door = await refusal.over_http(Api(middleware={"requires": "admin"}))
    assert by_the_door.status == by_the_route.status
    assert by_the_door.challenges[0][1] == by_the_route.challenges[0][1] | {"scope": "admin"}


@pytest.mark.conformance("6749-07")
async def test_an_error_holds_only_the_characters_it_may(api: Api) -> None:
    """A key id full of what splits headers changes neither their number nor their text."""
    answer = await api.get("/r", api.token(header={"kid": '"\\é\r\nx-injected: 1'}))
    expect(answer, "401 invalid_token")
    (line,) = answer.lines("www-authenticate")
    assert line.isprintable()
    ((_, parameters),) = answer.challenges
    for name in ("error", "error_description"):
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", parameters[name])
    assert not answer.lines("x-injected")


@pytest.mark.conformance("6749-08")
@pytest.mark.parametrize("refusal", rows(*REFUSALS))
async def test_a_refused_token_stays_confidential(api: Api, refusal: Refusal) -> None:
    """It is neither answered, logged, kept in a `repr`, nor told by the error."""
    expect(await refusal.over_http(api), refusal.outcome)
    headers = refusal.headers(api)
    _holds_nothing_of(headers, repr(api.guard), repr(api.jwt_issuer()))


@pytest.mark.conformance("6749-08")
async def test_a_good_token_stays_confidential(api: Api) -> None:
    """Not even at DEBUG is it logged, nor does an identity show it."""
    headers = bearer(api.token())
    answer = await api.send("GET", "/r", headers)
    expect(answer, "200")
    _holds_nothing_of(headers, answer.log, repr(answer.seen), repr(api.guard), str(api.guard))


@pytest.mark.conformance("6749-08")
@pytest.mark.parametrize("refusal", rows(*BY_THE_DOOR[:-1]))
async def test_an_error_says_nothing_of_the_token(api: Api, refusal: Refusal) -> None:
    """Its text, its `repr` and its traceback hold only our own words."""
    headers = refusal.headers(api)
    with pytest.raises(RequestRejected) as error:
        await api.guard.authenticate(ResourceRequest("GET", headers))
    _holds_nothing_of(headers, repr(error.value), *traceback.format_exception(error.value))


def _holds_nothing_of(headers: Headers, *texts: str) -> None:
    for _, value in headers:
        for part in re.split(r"[ .]", value.decode()):
            assert part == "Bearer" or not any(part in text for text in texts)
