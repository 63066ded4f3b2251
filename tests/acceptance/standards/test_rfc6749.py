"""RFC 6749: the OAuth 2.0 framework (section 6 of the conformance matrix)."""

import json
import re
import traceback

import pytest

from oauth_guard import RequestRejected
from oauth_guard.protocol.request import ResourceRequest
from tests.acceptance.standards.api import NOW, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers
from tests.acceptance.standards.rejections import (
    BY_MIDDLEWARE,
    BY_ROUTE,
    REJECTIONS,
    Rejection,
    rows,
)


@pytest.mark.conformance("6749-01")
@pytest.mark.parametrize(
    ("exp", "outcome"),
    [
        pytest.param(NOW + 300, "200", id="valid"),
        pytest.param(NOW - 1, "401 invalid_token", id="expired"),
    ],
)
async def test_expired_token_does_not_reach_the_resource(api: Api, exp: int, outcome: str) -> None:
    """A valid token does."""
    expect(await api.get("/r", api.token(exp=exp)), outcome)


@pytest.mark.conformance("6749-02")
@pytest.mark.parametrize(
    ("scope", "outcome"), [("read", "403 insufficient_scope"), ("read write", "200")]
)
async def test_token_without_the_required_scope_is_rejected(
    api: Api, scope: str, outcome: str
) -> None:
    """A valid token with the scope is accepted."""
    expect(await api.post("/w", api.token(scope=scope)), outcome)


@pytest.mark.conformance("6749-03")
@pytest.mark.parametrize(
    ("scope", "outcome"), [("admin read", "200"), ("admin", "403 insufficient_scope")]
)
async def test_every_required_scope_must_be_present_in_any_order(
    api: Api, scope: str, outcome: str
) -> None:
    """A token with one of two required scopes is rejected."""
    expect(await api.get("/admin", api.token(scope=scope)), outcome)


@pytest.mark.conformance("6749-04")
@pytest.mark.parametrize("scope", ["WRITE", "write:all", "rewrite", "write.own"])
async def test_scope_must_match_exactly(api: Api, scope: str) -> None:
    """Case differences, prefixes, suffixes and substrings do not match."""
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
async def test_scopes_are_separated_by_space_only(api: Api, scope: str) -> None:
    """Any other separator becomes part of one unknown scope."""
    expect(await api.post("/w", api.token(scope=scope)), "403 insufficient_scope")


@pytest.mark.conformance("6749-06")
@pytest.mark.parametrize("rejection", rows(*BY_MIDDLEWARE))
async def test_body_of_the_middleware_repeats_the_challenge(rejection: Rejection) -> None:
    """It is JSON with the error members of the challenge; no error means no body."""
    api = Api(guard={"error_uri": "https://docs.example.com/errors"})
    response = await rejection.over_http(api)
    expect(response, rejection.outcome)
    errors = [
        {name: value for name, value in parameters.items() if name.startswith("error")}
        for _, parameters in response.challenges
    ]
    if response.body:
        assert response.lines("content-type") == ["application/json"]
        assert [json.loads(response.body)] == errors
        assert list(errors[0]) == ["error", "error_description", "error_uri"]
    else:
        assert rejection.outcome in {"401 none", "503"}
        assert not response.lines("content-type")


@pytest.mark.conformance("6749-06")
@pytest.mark.parametrize("rejection", rows(*BY_ROUTE))
async def test_body_of_a_route_rejection_is_the_frameworks(api: Api, rejection: Rejection) -> None:
    """Status and challenge are ours, the body is the framework's."""
    by_route = await rejection.over_http(api)
    expect(by_route, rejection.outcome)
    assert by_route.body == b"Forbidden"
    assert by_route.lines("content-type") == ["text/plain; charset=utf-8"]
    by_middleware = await rejection.over_http(Api(middleware={"requires": "admin"}))
    assert by_middleware.status == by_route.status
    assert by_middleware.challenges[0][1] == by_route.challenges[0][1] | {"scope": "admin"}


@pytest.mark.conformance("6749-07")
async def test_error_contains_only_permitted_characters(api: Api) -> None:
    """A `kid` with quotes, CR LF and non-ASCII adds no header and no such character."""
    response = await api.get("/r", api.token(header={"kid": '"\\é\r\nx-injected: 1'}))
    expect(response, "401 invalid_token")
    (line,) = response.lines("www-authenticate")
    assert line.isprintable()
    ((_, parameters),) = response.challenges
    for name in ("error", "error_description"):
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", parameters[name])
    assert not response.lines("x-injected")


@pytest.mark.conformance("6749-08")
@pytest.mark.parametrize("rejection", rows(*REJECTIONS))
async def test_rejected_token_is_not_disclosed(api: Api, rejection: Rejection) -> None:
    """It is not in the response, the log, the error or a `repr`."""
    expect(await rejection.over_http(api), rejection.outcome)
    headers = rejection.headers(api)
    _expect_nothing_of(headers, repr(api.guard), repr(api.jwt_issuer()))


@pytest.mark.conformance("6749-08")
async def test_valid_token_is_not_disclosed(api: Api) -> None:
    """It is not in the log at DEBUG, nor in the `repr` of the identity or guard."""
    headers = bearer(api.token())
    response = await api.send("GET", "/r", headers)
    expect(response, "200")
    _expect_nothing_of(headers, response.log, repr(response.seen), repr(api.guard), str(api.guard))


@pytest.mark.conformance("6749-08")
@pytest.mark.parametrize("rejection", rows(*BY_MIDDLEWARE[:-1]))
async def test_rejection_error_contains_nothing_of_the_token(
    api: Api, rejection: Rejection
) -> None:
    """Neither its text, nor its `repr`, nor its traceback does."""
    headers = rejection.headers(api)
    with pytest.raises(RequestRejected) as error:
        await api.guard.authenticate(ResourceRequest({"headers": headers}))
    _expect_nothing_of(headers, repr(error.value), *traceback.format_exception(error.value))


def _expect_nothing_of(headers: Headers, *texts: str) -> None:
    for _, value in headers:
        for part in re.split(r"[ .]", value.decode()):
            assert part == "Bearer" or not any(part in text for text in texts)
