"""Guard: a check added after the cache runs on cache hits, over HTTP, WebSocket and routes."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from oauth_guard import (
    AccessToken,
    ClientSecretBasic,
    Guard,
    Identity,
    IntrospectionIssuer,
    JWTIssuer,
    Requirement,
)
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import NOW, Api, bearer, signing_keys
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse
from tests.builders.introspecting_api import IntrospectingApi

KEYS = {"keys": [key.jwk for key in signing_keys()]}
ORIGIN = "https://app.example.com"


class DenyList:
    """A check after the cache.

    Attributes:
        subjects: The subjects whose tokens it rejects.
        calls: The identities and times that it was called with.
    """

    def __init__(self) -> None:
        self.subjects: set[str | None] = set()
        self.calls: list[tuple[Identity, float]] = []

    def __call__(self, validated: ValidatedToken, now: float) -> None:
        """Reject a denied subject."""
        self.calls.append((validated.identity, now))
        if validated.identity.subject in self.subjects:
            raise InvalidToken(Reason.INACTIVE)


class AsyncDenyList(DenyList):
    """The same, as a check that needs I/O."""

    async def _check(self, validated: ValidatedToken, now: float) -> None:
        super().__call__(validated, now)

    def __call__(self, validated: ValidatedToken, now: float) -> Any:
        """Return what the guard awaits."""
        return self._check(validated, now)


def _http(api: Api, token: str) -> Any:
    return api.get("/r", token)


def _cross_origin(api: Api, token: str) -> Any:
    return api.send("GET", "/r", [*bearer(token), (b"origin", ORIGIN.encode())])


def _websocket(api: Api, token: str) -> Any:
    return api.connect("/ws", bearer(token))


def _mounted(api: Api, token: str) -> Any:
    return api.get("/v1/r", token, root_path="/v1")


PATHS: dict[str, Callable[[Api, str], Any]] = {
    "HTTP": _http,
    "CORS": _cross_origin,
    "WebSocket": _websocket,
    "two guards": _http,
    "a root path": _mounted,
}


def _api(path: str) -> tuple[Api, Guard]:
    """Return an API, and the guard that guards *path* of it."""
    api = Api(issuer={"keys": KEYS})
    match path:
        case "CORS":
            api = Api(issuer={"keys": KEYS}, middleware={"cors": [ORIGIN]})
        case "two guards":
            inner = Api(issuer={"keys": KEYS}).guard
            guards = {"/": api.guard, "/r": inner}
            return Api(issuer={"keys": KEYS}, middleware={"guard": guards}), inner
    return api, api.guard


@pytest.mark.parametrize("denied", [DenyList, AsyncDenyList], ids=["plain", "async"])
@pytest.mark.parametrize("path", PATHS)
async def test_check_added_after_the_cache_runs_on_a_hit(path: str, denied: type[DenyList]) -> None:
    """The very identity that was cached is rejected as soon as the check rejects it."""
    api, guard = _api(path)
    deny_list = denied()
    vars(guard)["_checks"] += (deny_list,)
    token = api.token()
    for _ in range(2):
        response: RecordedResponse = await PATHS[path](api, token)
        assert [each.subject for each in response.seen] == ["u1"]
    (first, _), (second, now) = deny_list.calls
    assert (first is second, now) == (True, NOW)
    deny_list.subjects.add("u1")
    response = await PATHS[path](api, token)
    expect(response, "401 invalid_token")
    assert not response.seen
    assert deny_list.calls[2][0] is first


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize("path", ["/starlette", "/sync", "/fastapi/it", "/middleware"])
async def test_check_added_after_the_cache_runs_again_when_a_route_introspects(
    path: str, is_async: bool
) -> None:
    """The route rejects a caller that the middleware has admitted just before."""
    api = IntrospectingApi("jwt", path)
    token = await api.cached_token()
    seen: list[Identity] = []

    def reject_the_second_time(validated: ValidatedToken, _now: float) -> None:
        seen.append(validated.identity)
        if len(seen) == 2:
            raise InvalidToken(Reason.INACTIVE)

    async def reject_later(validated: ValidatedToken, now: float) -> None:
        reject_the_second_time(validated, now)

    vars(api.guard)["_checks"] += (reject_later if is_async else reject_the_second_time,)
    expect(await api.request(token), "401 invalid_token")
    assert len(seen) == 2


async def test_claim_function_runs_on_a_hit_of_a_token_that_is_cached() -> None:
    """The signature is verified once; the function sees the claims of each request."""
    calls: list[Any] = []
    api = Api(issuer={"keys": KEYS, "claims": calls.append})
    token = api.token()
    identities = [(await api.get("/r", token)).seen[0] for _ in range(3)]
    assert identities[0] is identities[1] is identities[2]
    assert [claims["sub"] for claims in calls] == ["u1"] * 3


async def test_claim_function_runs_again_when_a_route_introspects() -> None:
    """On the claims that the authorization server returns now."""
    scopes: list[Any] = []
    local = LocalIssuer()
    issuer = IntrospectionIssuer(
        local.issuer,
        client=ClientSecretBasic("api", "secret"),
        http=local.http,
        claims=lambda claims: scopes.append(claims["scope"]),
    )
    guard = Guard(local.audience, [issuer])
    deny_list = DenyList()
    vars(guard)["_checks"] += (deny_list,)
    request = ResourceRequest({"headers": bearer("opaque-1")})
    responses = local.introspection.responses
    responses["opaque-1"] = {"active": True, **local.claims("read")}
    identity = await guard.authenticate(request)
    responses["opaque-1"] = {"active": True, **local.claims("read", "write")}
    current = await guard.authorize_request(request, identity, Requirement.of(introspect=True), {})
    assert current.scopes == {"read", "write"}
    assert scopes == ["read", "read write"]
    assert [each for each, _ in deny_list.calls] == [identity, current]
    await guard.aclose()


INTROSPECTED = Requirement.of(introspect=True)
CALLER = {"sub": "u1", "client_id": "c1"}


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        pytest.param(CALLER, CALLER, None, id="the same caller"),
        pytest.param(CALLER, {**CALLER, "sub": "u2"}, Reason.ANOTHER_CALLER, id="another subject"),
        pytest.param(
            CALLER, {**CALLER, "client_id": "c2"}, Reason.ANOTHER_CALLER, id="another client"
        ),
        pytest.param(CALLER, {"client_id": "c1"}, Reason.ANOTHER_CALLER, id="no subject any more"),
        pytest.param({"client_id": "c1"}, CALLER, Reason.ANOTHER_CALLER, id="a subject only now"),
        pytest.param(
            {"client_id": "c1"}, {"client_id": "c1"}, Reason.ANOTHER_CALLER, id="never a subject"
        ),
        pytest.param(
            CALLER, {**CALLER, "cnf": {"jkt": "x"}}, Reason.BOUND_TOKEN, id="bound only now"
        ),
        pytest.param(
            CALLER, {**CALLER, "token_type": "DPoP"}, Reason.BOUND_TOKEN, id="of type DPoP now"
        ),
    ],
)
async def test_introspection_is_rejected_if_caller_or_binding_has_changed(
    before: dict[str, Any], now: dict[str, Any], reason: Reason | None
) -> None:
    """Two callers without a subject are never the same."""
    local = LocalIssuer()
    client = ClientSecretBasic("api", "secret")
    issuer = IntrospectionIssuer(local.issuer, client=client, http=local.http)
    guard = Guard(local.audience, [issuer])
    request = ResourceRequest({"headers": bearer("opaque-1")})
    responses = local.introspection.responses
    responses["opaque-1"] = {"active": True, "aud": local.audience, **before}
    identity = await guard.authenticate(request)
    responses["opaque-1"] = {"active": True, "aud": local.audience, **now}
    try:
        await guard.authorize_request(request, identity, INTROSPECTED, {})
        found = None
    except InvalidToken as error:
        found = error.reason
    assert found == reason
    await guard.aclose()


async def test_check_sees_the_time_after_the_issuer_has_responded() -> None:
    """A validation may take seconds; the time before it would be too early."""
    local = LocalIssuer()
    now = [float(NOW)]

    async def respond_late(_request: object) -> Any:
        now[0] += 2
        local.outage = None
        return httpx.Response(200, json={"active": True, "aud": local.audience, "sub": "u1"})

    issuer = IntrospectionIssuer(
        local.issuer,
        client=ClientSecretBasic("api", "secret"),
        http=local.http,
        endpoint=f"{local.issuer}/introspect",
    )
    guard = Guard(local.audience, [issuer], clock=lambda: now[0])
    deny_list = DenyList()
    vars(guard)["_checks"] += (deny_list,)
    local.outage = respond_late
    await guard.authenticate(ResourceRequest({"headers": bearer("opaque-1")}))
    assert [seconds for _, seconds in deny_list.calls] == [NOW + 2]
    await guard.aclose()


async def test_token_that_expires_while_the_keys_are_fetched_is_rejected() -> None:
    """Its times are checked before the fetch and after it."""
    local = LocalIssuer()
    now = [float(NOW)]

    async def respond_late(_request: object) -> Any:
        now[0] += 10
        return httpx.Response(200, json=local.jwks)

    issuer = JWTIssuer(local.issuer, jwks_uri=f"{local.issuer}/keys", http=local.http)
    guard = Guard(local.audience, [issuer], clock=lambda: now[0])
    local.outage = respond_late
    token = local.token(iat=NOW, exp=NOW + 3)
    with pytest.raises(InvalidToken) as raised:
        await guard.authenticate(ResourceRequest({"headers": bearer(token)}))
    assert raised.value.reason is Reason.EXPIRED
    await guard.aclose()


class _Exchanging(JWTIssuer):
    """An issuer that returns another token than the one whose claims the guard has checked."""

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        read = (await super().validate(token, introspect=introspect)).token
        claims = {**read.claims, "aud": "https://other.example"}
        return Validation(AccessToken.from_claims(claims, read.rules), None)


async def test_token_that_was_not_checked_before_its_validation_is_checked_after_it() -> None:
    """Only the times of a token that passed all checks are checked alone."""
    local = LocalIssuer()
    guard = Guard(local.audience, [_Exchanging(local.issuer, keys=local.jwks)])
    with pytest.raises(InvalidToken) as raised:
        await guard.authenticate(ResourceRequest({"headers": bearer(local.token())}))
    assert raised.value.reason is Reason.WRONG_AUDIENCE
    await guard.aclose()
