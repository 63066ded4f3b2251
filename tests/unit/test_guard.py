"""The one path from a request to an identity or a rejection, and what surrounds it."""

import asyncio
import json
import logging
import re
from collections import Counter
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


async def test_request_with_a_valid_token_has_the_identity_of_the_token(api: Api) -> None:
    """It has the claims of the token, but not the token."""
    identity = await api.guard.authenticate(_request(api.token(org="Engineering")))
    assert (identity.issuer, identity.subject) == ("https://as.example.com", "u1")
    assert identity.client_id == "c1"
    assert identity.scopes == {"read"}
    assert identity.claims["org"] == "Engineering"
    assert identity.token is None


async def test_identity_exposes_the_token_only_with_expose_token() -> None:
    """For an application that exchanges it for another; its `repr` never shows it."""
    api = Api(guard={"expose_token": True})
    token = api.token()
    identity = await api.guard.authenticate(_request(token))
    assert identity.token == token
    assert token not in repr(identity)
    assert identity.claims == (await Api().guard.authenticate(_request(token))).claims


async def test_cheap_checks_run_before_the_issuer_is_contacted(
    api: Api,
) -> None:
    """A malformed request, or a token of another issuer, causes no request to the issuer."""
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


async def test_cached_token_is_rejected_as_soon_as_it_expires(api: Api) -> None:
    """The time is read on each request."""
    token = api.token(exp=NOW + 2)
    for seconds in (0, 1):
        api.now = NOW + seconds
        await api.guard.authenticate(_request(token))
    api.now = NOW + 2
    with pytest.raises(InvalidToken):
        await api.guard.authenticate(_request(token))


async def test_identity_is_compared_with_the_requirement_of_a_route(api: Api) -> None:
    """An anonymous caller needs a token; an authenticated one needs more scope."""
    request = _request(api.token())
    identity = await api.guard.authenticate(request)
    api.guard.authorize(identity, Requirement.of("read"))
    with pytest.raises(InsufficientScope):
        api.guard.authorize(identity, Requirement.of("write"))
    with pytest.raises(MissingCredentials):
        api.guard.authorize(ANONYMOUS, Requirement.of("read"))


@pytest.mark.parametrize("rejection", rows(*REJECTIONS))
async def test_rejection_is_logged_with_its_reason(api: Api, rejection: Rejection) -> None:
    """Rejections at INFO and outages at WARNING; `expect` finds no token or claim."""
    response = await rejection.over_http(api)
    expect(response, rejection.outcome)
    lines = [line for line in response.log.splitlines() if f" oauth_guard {RESOURCE}: " in line]
    (line,) = lines
    level, _, text = line.partition(f" oauth_guard {RESOURCE}: ")
    if rejection.outage:
        assert level == "WARNING"
        prefix = "GET /r: no response from https://as.example.com (url https://as.example.com/"
        assert text.startswith(prefix)
        assert text.endswith("): unreachable")
    else:
        assert level == "INFO"
        request, _, rest = text.partition(": rejected with ")
        assert re.fullmatch(r"(GET|POST) /\w+", request)
        assert rest.startswith(rejection.outcome[:3])
        assert rest.rpartition(": ")[2] in set(Reason)


async def test_accepted_request_is_not_logged(api: Api) -> None:
    """Only rejections and outages are."""
    await api.get("/r", api.token())
    response = await api.get("/r", api.token())
    assert response.log == ""


@pytest.mark.parametrize("rejection", rows(*REJECTIONS[:-1]))
async def test_rejection_in_debug_mode_contains_the_reason(rejection: Rejection) -> None:
    """On a loopback host only; in the body, not in the challenge."""
    here = {"resource": "http://127.0.0.1:8000", "debug": True}
    api = Api(guard=here, issuer={"audience": RESOURCE})
    found = await rejection.over_http(api)
    expect(found, rejection.outcome)
    plain = await rejection.over_http(Api(issuer={"audience": RESOURCE}))
    members = json.loads(found.body)
    assert members.pop("reason") in set(Reason)
    assert members.pop("check")
    assert all(map(str.isprintable, members.pop("detail", {}).values()))
    assert members.pop("trace")[-1]["reason"] in set(Reason)
    assert members == json.loads(plain.body or b"{}")
    assert "reason" not in repr(found.headers)


async def test_guard_is_ready_once_it_has_usable_keys_and_degraded_while_it_has_none(
    api: Api,
) -> None:
    """Not ready before the keys are fetched; degraded while they are too old."""
    assert (api.guard.ready, api.guard.degraded) == (False, False)
    async with api.guard:
        assert not api.guard.ready
        await _settle()
    assert (api.guard.ready, api.guard.degraded) == (True, False)
    api.now += 24 * 3600
    assert (api.guard.ready, api.guard.degraded) == (True, True)
    await api.guard.start()
    await _settle()
    assert (api.guard.ready, api.guard.degraded) == (True, False)


async def test_guard_that_validated_a_token_is_ready_though_no_probe_has_read_it(api: Api) -> None:
    """An outage before the first probe does not make it unready."""
    await api.guard.authenticate(_request(api.token()))
    api.now += 24 * 3600
    assert api.guard.ready


def test_outage_is_logged_five_times_in_ten_seconds_for_each_issuer_and_reason(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Callers can't fill the log."""
    for _ in range(100):
        for name in ("a", "b"):
            api.guard.reject(IssuerUnavailable(name, Reason.TIMED_OUT))
    api.guard.reject(IssuerUnavailable("a", Reason.BUSY))
    assert Counter(caplog.messages) == {
        f"{RESOURCE}: no response from a: timed_out": 5,
        f"{RESOURCE}: no response from b: timed_out": 5,
        f"{RESOURCE}: no response from a: busy": 1,
    }


async def test_guard_is_not_ready_if_one_issuer_is_down(api: Api) -> None:
    """Every issuer has to be ready."""
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


async def test_guard_that_waits_for_keys_is_ready_once_it_is_open(api: Api) -> None:
    """With `start="wait"`."""
    guard = Guard(RESOURCE, [api.jwt_issuer()], start="wait")
    async with guard:
        assert guard.ready


@pytest.mark.parametrize("start", ["background", "wait"])
async def test_guard_opens_even_if_an_issuer_is_down(
    start: Any, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """The issuer may be reachable later, and tokens of other issuers are valid."""
    api.authority.outage = _down
    other = LocalIssuer("https://other.example.com", audience=RESOURCE)
    issuers = [api.jwt_issuer(), JWTIssuer(other.issuer, http=other.http)]
    async with Guard(RESOURCE, issuers, start=start) as guard:
        assert not guard.ready
        await guard.authenticate(_request(other.token("read")))
        found = f"{RESOURCE}: no response from https://as.example.com (url "
        assert any(line.startswith(found) for line in caplog.messages) == (start == "wait")


class _Told(JWTIssuer):
    """An issuer that knows whether it was closed."""

    closed = False

    async def aclose(self) -> None:
        """Remember."""
        self.closed = True
        await super().aclose()


async def test_guard_that_fails_fast_does_not_open_without_keys(api: Api) -> None:
    """The error names the issuer, and everything is closed."""
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


async def test_guard_works_before_it_is_opened_and_after_it_is_closed(api: Api) -> None:
    """A request opens again what it needs; a lifespan is not required."""
    await api.guard.authenticate(_request(api.token()))
    async with api.guard as entered:
        assert entered is api.guard
    await api.guard.authenticate(_request(api.token()))
    await api.guard.aclose()
    await api.guard.aclose()


def test_guard_without_metadata_has_no_path_for_it(api: Api) -> None:
    """And no challenge names it."""
    guard = Guard(RESOURCE, [api.jwt_issuer()], metadata=False)
    assert guard.metadata_path is None
    ((_, challenge), *_) = guard.reject(MissingCredentials()).headers
    assert challenge == f'Bearer realm="{RESOURCE}"'.encode()


def test_metadata_lists_the_configured_scopes_in_order(api: Api) -> None:
    """As given by `scopes_supported=`."""
    guard = Guard(RESOURCE, [api.jwt_issuer()], scopes_supported=["write", "read"])
    assert json.loads(guard.metadata_document)["scopes_supported"] == ["write", "read"]


def test_rejections_with_one_error_code_are_equal(api: Api) -> None:
    """The reason is not in them."""
    errors: list[RequestRejected] = [InvalidToken(Reason.EXPIRED), InvalidToken(Reason.UNKNOWN_KEY)]
    first, second = (api.guard.reject(error) for error in errors)
    assert first == second


def test_repr_of_a_guard_shows_its_resource_and_issuers(api: Api) -> None:
    """And nothing more."""
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
        (
            {"bearer_methods": ["header", "form"]},
            '"websocket-protocol" and "graphql-connection-init" may be added',
        ),
        ({"bearer_methods": []}, '"websocket-protocol" and "graphql-connection-init" may be added'),
        ({"store": MemoryStore}, r"store= takes a store, such as MemoryStore\(\)"),
        ({"store": {}}, r"store= takes a store"),
        ({"issuers": [JWTIssuer]}, "which is no issuer"),
        ({"issuers": JWTIssuer("https://a.example")}, "issuers is a list of issuers"),
        ({"start": "later"}, "start= is one of background, wait, fail fast"),
        ({"scopes_supported": ["a b"]}, r'several arguments: scope\("read", "write"\)'),
    ],
)
def test_wrong_setting_raises_an_error_that_says_what_to_write(
    options: Mapping[str, Any], advice: str
) -> None:
    """When the object is built, not on a request."""
    with pytest.raises(ConfigurationError, match=advice):
        Api(guard=options)


def test_issuer_that_is_named_twice_is_rejected(api: Api) -> None:
    """It would be ambiguous whose settings count."""
    with pytest.raises(ConfigurationError, match="twice: list it once"):
        Guard(RESOURCE, [api.jwt_issuer(), api.jwt_issuer(leeway=300)])


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ({"resource": "https://a.example/v1?x=1"}, "a resource should have no query"),
        ({"resource": "http://a.example", "insecure_http": True}, "lets tokens travel unprotected"),
    ],
)
def test_unsafe_setting_is_logged_as_a_warning(
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
    """The store may have connections."""
    store, local = _Closing(), LocalIssuer()
    guard = Guard("https://api.test", [JWTIssuer(local.issuer, keys=local.jwks)], store=store)
    async with guard:
        assert not store.closed
    assert store.closed


@pytest.mark.parametrize(("cache_for", "questions"), [(60, 1), (0, 2)])
async def test_introspection_result_is_cached_unless_the_issuer_disables_it(
    cache_for: float, questions: int
) -> None:
    """The guard puts a cache in front of each issuer that introspects."""
    local = LocalIssuer()
    client = ClientSecretBasic("api", "secret")
    required = IntrospectionIssuer(
        local.issuer, client=client, http=local.http, cache_for=cache_for
    )
    guard = Guard("https://api.test", [required])
    request = ResourceRequest({"headers": bearer(local.opaque_token("read"))})
    for _ in range(2):
        assert (await guard.authenticate(request)).scopes == {"read"}
    assert len(local.introspection.requests) == questions
    await guard.aclose()


async def test_token_with_a_long_lifetime_is_rejected_if_it_is_limited() -> None:
    """From its `iat` to its `exp`; also if it lacks one of them."""
    api = Api(guard={"max_token_lifetime": 300})
    await api.guard.authenticate(_request(api.token(iat=NOW, exp=NOW + 300)))
    for changes in ({"exp": NOW + 301}, {"iat": None}):
        token = api.token(**{"iat": NOW, "exp": NOW + 300} | changes)
        with pytest.raises(InvalidToken):
            await api.guard.authenticate(_request(token))
