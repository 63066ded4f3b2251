"""The one path from a request to an identity or a rejection, and what surrounds it."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from oauth_guard import (
    ANONYMOUS,
    ClientSecretBasic,
    ConfigurationError,
    Guard,
    IntrospectionIssuer,
    IssuerUnavailable,
    JWTIssuer,
    MemoryStore,
    Requirement,
)
from oauth_guard.errors import (
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import NOW, RESOURCE, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.rejections import REJECTIONS, Rejection, rows


@pytest.fixture
def api() -> Api:
    """Return the API of the conformance matrix, for its guard."""
    return Api()


def _down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("closed", request=request)


def _request(*tokens: str) -> ResourceRequest:
    return ResourceRequest({"headers": [field for token in tokens for field in bearer(token)]})


async def test_a_good_request_has_an_identity(api: Api) -> None:
    """It says what the token says, and not the token."""
    identity = await api.guard.authenticate(_request(api.token(org="Engineering")))
    assert (identity.issuer, identity.subject) == ("https://as.example.com", "u1")
    assert identity.client_id == "c1"
    assert identity.scopes == {"read"}
    assert identity.claims["org"] == "Engineering"
    assert identity.token is None


async def test_the_token_is_told_only_where_that_was_asked_for() -> None:
    """For an application that exchanges it for another; not even then is it shown."""
    api = Api(guard={"expose_token": True})
    token = api.token()
    identity = await api.guard.authenticate(_request(token))
    assert identity.token == token
    assert token not in repr(identity)
    assert identity.claims == (await Api().guard.authenticate(_request(token))).claims


async def test_syntax_is_judged_before_the_token_and_the_token_before_its_issuer(
    api: Api,
) -> None:
    """What is cheap comes first: nothing malformed or for others costs the issuer a request."""
    api.authority.outage = _down
    with pytest.raises(MissingCredentials):
        await api.guard.authenticate(_request())
    with pytest.raises(InvalidRequest):
        await api.guard.authenticate(_request(api.token(), api.token(exp=NOW - 1)))
    with pytest.raises(InvalidToken):
        await api.guard.authenticate(_request(api.token(iss="https://evil.example")))
    assert not api.authority.requests
    with pytest.raises(IssuerUnavailable):
        await api.guard.authenticate(_request(api.token()))


async def test_time_is_read_on_each_request(api: Api) -> None:
    """A token that was good a second ago is not."""
    token = api.token(exp=NOW + 2)
    for seconds in (0, 1):
        api.now = NOW + seconds
        await api.guard.authenticate(_request(token))
    api.now = NOW + 2
    with pytest.raises(InvalidToken):
        await api.guard.authenticate(_request(token))


async def test_what_a_route_asks_is_held_against_the_identity(api: Api) -> None:
    """Nobody is told to come back with a token, somebody with more scope."""
    request = _request(api.token())
    identity = await api.guard.authenticate(request)
    api.guard.authorize(identity, Requirement.of("read"))
    with pytest.raises(InsufficientScope):
        api.guard.authorize(identity, Requirement.of("write"))
    with pytest.raises(MissingCredentials):
        api.guard.authorize(ANONYMOUS, Requirement.of("read"))


@pytest.mark.parametrize("rejection", rows(*REJECTIONS))
async def test_the_operator_is_told_why(api: Api, rejection: Rejection) -> None:
    """Refusals at INFO and outages at WARNING, by reason; `expect` finds no token or claim."""
    answer = await rejection.over_http(api)
    expect(answer, rejection.outcome)
    lines = [line for line in answer.log.splitlines() if f" oauth_guard {RESOURCE}: " in line]
    (line,) = lines
    level, _, text = line.partition(f" oauth_guard {RESOURCE}: ")
    if rejection.outage:
        assert level == "WARNING"
        assert text == "no response from https://as.example.com: unreachable"
    else:
        assert level == "INFO"
        status, _, reason = text.removeprefix("rejected with ").partition(": ")
        assert status == rejection.outcome[:3]
        assert reason in set(Reason)


async def test_a_good_request_is_not_logged(api: Api) -> None:
    """Nobody reads a log of what went well."""
    await api.get("/r", api.token())
    answer = await api.get("/r", api.token())
    assert answer.log == ""


@pytest.mark.parametrize("rejection", rows(*REJECTIONS[:-1]))
async def test_a_developer_is_told_why_in_the_body(rejection: Rejection) -> None:
    """On a loopback host alone, beside what everybody is told, and not in the challenge."""
    here = {"resource": "http://127.0.0.1:8000", "debug": True}
    api = Api(guard=here, issuer={"audience": RESOURCE})
    told = await rejection.over_http(api)
    expect(told, rejection.outcome)
    plain = await rejection.over_http(Api(issuer={"audience": RESOURCE}))
    members = json.loads(told.body)
    assert members.pop("reason") in set(Reason)
    assert members == json.loads(plain.body or b"{}")
    assert "reason" not in repr(told.headers)


async def test_ready_says_whether_tokens_can_be_judged(api: Api) -> None:
    """Not before the keys are here, and not after they have been missing too long."""
    assert not api.guard.ready
    async with api.guard:
        assert not api.guard.ready
        await _settle()
    assert api.guard.ready
    api.now += 24 * 3600
    assert not api.guard.ready


async def test_ready_wants_every_issuer(api: Api) -> None:
    """One that is down is enough for a no."""
    other = LocalIssuer("https://other.example.com")
    other.outage = _down
    guard = Guard(RESOURCE, [api.jwt_issuer(), JWTIssuer(other.issuer, http=other.http)])
    await guard.start()
    await _settle()
    assert not guard.ready
    other.outage = None
    await guard.start()
    await _settle()
    assert guard.ready


async def test_a_guard_may_wait_for_keys(api: Api) -> None:
    """Then it is ready as soon as it is open."""
    guard = Guard(RESOURCE, [api.jwt_issuer()], start="wait")
    async with guard:
        assert guard.ready


@pytest.mark.parametrize("start", ["background", "wait"])
async def test_a_guard_opens_without_keys(
    start: Any, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """An issuer that is down at start-up may be there later; its other tokens are good."""
    api.authority.outage = _down
    other = LocalIssuer("https://other.example.com", audience=RESOURCE)
    issuers = [api.jwt_issuer(), JWTIssuer(other.issuer, http=other.http)]
    async with Guard(RESOURCE, issuers, start=start) as guard:
        assert not guard.ready
        await guard.authenticate(_request(other.token("read")))
        told = f"{RESOURCE}: no response from https://as.example.com: unreachable"
        assert (told in caplog.messages) == (start == "wait")


class _Told(JWTIssuer):
    """An issuer that knows whether it was closed."""

    closed = False

    async def aclose(self) -> None:
        """Remember."""
        self.closed = True
        await super().aclose()


async def test_a_guard_may_rather_not_open_than_have_no_keys(api: Api) -> None:
    """It names the issuer, and leaves nothing open."""
    api.authority.outage = _down
    issuer = _Told(api.authority.issuer, http=api.authority.http, clock=lambda: api.now)
    guard = Guard(RESOURCE, [issuer], start="fail fast")
    with pytest.raises(IssuerUnavailable, match=r"as\.example\.com: unreachable"):
        await guard.start()
    assert issuer.closed
    assert len(asyncio.all_tasks()) == 1
    api.authority.outage = None
    api.now += 60
    async with guard:
        assert guard.ready


async def _settle() -> None:
    """Let what goes on in the background come to its end."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_guard_can_be_used_before_and_after_it_was_open(api: Api) -> None:
    """What a request needs is opened again; where there is no lifespan, nothing is missing."""
    await api.guard.authenticate(_request(api.token()))
    async with api.guard as entered:
        assert entered is api.guard
    await api.guard.authenticate(_request(api.token()))
    await api.guard.aclose()
    await api.guard.aclose()


def test_metadata_can_be_switched_off(api: Api) -> None:
    """Then no challenge names it, and it has no path."""
    guard = Guard(RESOURCE, [api.jwt_issuer()], metadata=False)
    assert guard.metadata_path is None
    ((_, challenge), *_) = guard.reject(MissingCredentials()).headers
    assert challenge == f'Bearer realm="{RESOURCE}"'.encode()


def test_metadata_lists_the_scopes_it_was_given(api: Api) -> None:
    """In their order."""
    guard = Guard(RESOURCE, [api.jwt_issuer()], scopes_supported=["write", "read"])
    assert json.loads(guard.metadata_document)["scopes_supported"] == ["write", "read"]


def test_a_rejection_says_nothing_of_why(api: Api) -> None:
    """Two errors of one code are one answer."""
    errors: list[RequestRejected] = [InvalidToken(Reason.EXPIRED), InvalidToken(Reason.UNKNOWN_KEY)]
    first, second = (api.guard.reject(error) for error in errors)
    assert first == second


def test_a_guard_shows_what_it_guards_and_whom_it_trusts(api: Api) -> None:
    """That, and no more."""
    assert repr(api.guard) == "Guard('https://api.example.com', ['https://as.example.com'])"


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"resource": ""}, "resource must be an absolute https URL like"),
        ({"resource": "api"}, "resource must be an absolute https URL like"),
        ({"resource": "/v1"}, "resource must be an absolute https URL like"),
        ({"resource": "ftp://a.example"}, "resource must be an absolute https URL like"),
        ({"resource": "https://a.example/#x"}, "without fragment"),
        ({"resource": "https://u:p@a.example"}, "user or password"),
        ({"resource": "https://a.example:x"}, "can't be read"),
        ({"resource": "https://a.example/ä"}, "characters that no URL has"),
        ({"resource": "http://a.example"}, "write insecure_http=True"),
        (
            {"issuers": []},
            r'issuers is empty: list at least one, \[JWTIssuer\("https://login.example.com',
        ),
        ({"debug": True}, r"for a resource on a loopback host: leave it out"),
        ({"realm": "a\nb"}, "realm= must be printable ASCII, on one line"),
        ({"error_uri": "a b"}, "error_uri= must be a URI like"),
        ({"bearer_methods": ["query"]}, r'bearer_methods= is \["header"\], to which'),
        ({"bearer_methods": ["header", "cookie"]}, '"body" and "query" may be added'),
        ({"bearer_methods": []}, '"body" and "query" may be added'),
        ({"start": "later"}, "start= is one of background, wait, fail fast"),
        ({"scopes_supported": ["a b"]}, r'several arguments: scope\("read", "write"\)'),
    ],
)
def test_a_wrong_setting_says_what_to_write_instead(
    options: Mapping[str, Any], advice: str
) -> None:
    """When the guard is built, not when a request comes."""
    with pytest.raises(ConfigurationError, match=advice):
        Api(guard=options)


def test_an_issuer_may_be_named_once(api: Api) -> None:
    """Twice would leave open whose settings count."""
    with pytest.raises(ConfigurationError, match="twice: list it once"):
        Guard(RESOURCE, [api.jwt_issuer(), api.jwt_issuer(leeway=300)])


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ({"resource": "https://a.example/v1?x=1"}, "a resource should have no query"),
        ({"resource": "http://a.example", "insecure_http": True}, "lets tokens travel unprotected"),
    ],
)
def test_what_is_allowed_but_unwise_is_a_warning(
    options: Mapping[str, Any], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When the guard is built."""
    with caplog.at_level(logging.WARNING, "oauth_guard"):
        Api(guard=options)
    assert warning in caplog.text


class _Closing(MemoryStore):
    """A store that says when it was closed."""

    closed = False

    async def aclose(self) -> None:
        """Note it."""
        self.closed = True


async def test_closing_a_guard_closes_its_store() -> None:
    """What holds connections lets go of them."""
    store, local = _Closing(), LocalIssuer()
    guard = Guard("https://api.test", [JWTIssuer(local.issuer, keys=local.jwks)], store=store)
    async with guard:
        assert not store.closed
    assert store.closed


@pytest.mark.parametrize(("cache_for", "questions"), [(60, 1), (0, 2)])
async def test_what_is_said_of_a_token_is_remembered_unless_the_issuer_wants_none(
    cache_for: float, questions: int
) -> None:
    """The guard stands a memory before each issuer that is asked about tokens."""
    local = LocalIssuer()
    client = ClientSecretBasic("api", "secret")
    asked = IntrospectionIssuer(local.issuer, client=client, http=local.http, cache_for=cache_for)
    guard = Guard("https://api.test", [asked])
    request = ResourceRequest({"headers": bearer(local.opaque_token("read"))})
    for _ in range(2):
        assert (await guard.authenticate(request)).scopes == {"read"}
    assert len(local.introspection.requests) == questions
    await guard.aclose()
