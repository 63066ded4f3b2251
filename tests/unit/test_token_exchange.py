"""TokenExchange: which tokens are requested, remembered and returned, and what its errors are."""

import asyncio
import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from oauth_guard import ClientSecretBasic, ConfigurationError
from oauth_guard.errors import InvalidToken, IssuerUnavailable
from oauth_guard.issuers.client_auth import MutualTLS
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.thumbprint import encode_sha256
from oauth_guard.token_exchange import TokenExchange
from tests.builders.exchanging_api import ISSUER, KEY, STOCK, ExchangingApi, failure, success


async def test_token_of_the_caller_is_exchanged_for_audience_and_scope() -> None:
    """The request has the form of RFC 8693 §2.1, and authenticates the client."""
    api = ExchangingApi()
    token = api.local.token("read")
    response = await api.get(token)
    assert response.json() == {
        "fields": {"Authorization": "Bearer for-stock"},
        "scopes": ["stock:read"],
    }
    assert api.forms == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": STOCK,
            "scope": "stock:read",
        }
    ]
    assert api.requests[0].headers["authorization"].startswith("Basic ")
    await api.exchange.aclose()


async def test_exchanged_token_is_remembered_until_near_its_end() -> None:
    """For the caller's token, the audience and the scopes."""
    api = ExchangingApi()
    token = api.local.token("read", exp=int(api.clock()) + 900)
    for seconds, exchanges in ((0, 1), (269, 1), (2, 2)):
        api.clock.advance(seconds)
        assert (await api.get(token)).status_code == 200
        assert len(api.forms) == exchanges
    api.scope = ["stock:write", "stock:read"]
    await api.get(token)
    api.scope = "stock:read stock:write"
    await api.get(token)
    assert len(api.forms) == 3
    await api.get(api.local.token("read"))
    assert len(api.forms) == 4


async def test_exchanged_token_is_remembered_no_longer_than_the_callers() -> None:
    """A renewal of the guard's leeway, or of the caller's token, needs a new exchange."""
    api = ExchangingApi()
    exp = int(api.clock()) + 100
    token = api.local.token("read", exp=exp)
    await api.get(token)
    api.clock.advance(99)
    await api.get(token)
    assert len(api.forms) == 1
    api.clock.advance(2)
    assert (await api.get(token)).status_code == 401


@pytest.mark.parametrize("expires_in", [None, 0, -1, True, "300", float("nan")], ids=str)
async def test_token_without_a_lifetime_is_not_remembered(expires_in: Any) -> None:
    """It is used once."""
    api = ExchangingApi()
    api.respond = lambda _: success(expires_in=expires_in)
    token = api.local.token("read")
    for _ in range(2):
        assert (await api.get(token)).status_code in {200, 503}
    assert len(api.forms) == 2


async def test_concurrent_requests_share_one_exchange() -> None:
    """A page with twenty calls sends one form."""
    api = ExchangingApi()
    token = api.local.token("read")
    responses = await asyncio.gather(*(api.get(token) for _ in range(20)))
    assert {response.status_code for response in responses} == {200}
    assert len(api.forms) == 1


async def test_concurrent_requests_receive_errors_of_their_own() -> None:
    """An exception that two tasks raise would mix their tracebacks."""
    api = ExchangingApi()
    api.respond = lambda _: failure("invalid_grant")
    token = api.local.token("read")
    responses = await asyncio.gather(*(api.get(token) for _ in range(3)))
    assert [response.status_code for response in responses] == [401] * 3
    assert len(api.forms) == 1


async def test_exchanged_token_is_gone_with_the_revocation_of_the_callers() -> None:
    """Also inside a connection that was authenticated before."""
    api = ExchangingApi()
    token = api.local.token("read", sid="s1")
    assert (await api.get(token)).status_code == 200
    connection = await _open(api, token)
    assert (await api.exchange(connection, audience=STOCK, scope="stock:read")).lifetime == 300
    await api.guard.revoke(ISSUER, sid="s1")
    with pytest.raises(Exception, match="revoked"):
        await api.exchange(connection, audience=STOCK, scope="stock:read")
    assert (await api.get(token)).status_code == 401
    assert len(api.forms) == 1


async def _open(api: ExchangingApi, token: str) -> Any:
    """Return a connection of *token* that the application keeps, as that of a WebSocket."""
    connections: list[Any] = []

    async def keep(connection: Any, receive: Any, send: Any) -> None:
        connections.append(connection)
        await inner(connection, receive, send)

    inner, api.app.application = api.app.application, keep
    vars(api.app)["_app"] = keep
    assert (await api.get(token)).status_code == 200
    return connections[0]


def _status_list(api: ExchangingApi, *statuses: int) -> Callable[[str], httpx.Response]:
    data = base64.urlsafe_b64encode(zlib.compress(bytes(statuses))).rstrip(b"=").decode()

    def respond(url: str) -> httpx.Response:
        now = int(api.clock())
        members = {"bits": 8, "lst": data}
        claims = {"sub": url, "iat": now, "ttl": 10, "status_list": members}
        signed = KEY.sign(json.dumps(claims).encode(), {"typ": "statuslist+jwt"})
        kind = {"content-type": "application/statuslist+jwt"}
        return httpx.Response(200, text=signed, headers=kind)

    return respond


async def test_no_token_is_returned_once_the_status_list_says_revoked() -> None:
    """On a long connection, whose request was authenticated before; nor if it can't be known."""
    api = ExchangingApi()
    api.statuses = _status_list(api, 0, 0)
    status = {"status_list": {"idx": 1, "uri": f"{ISSUER}/list"}}
    connection = await _open(api, api.local.token("read", status=status))
    await api.exchange(connection, audience=STOCK, scope="stock:read")
    api.clock.advance(11)
    api.statuses = lambda _: httpx.Response(500)
    with pytest.raises(IssuerUnavailable):
        await api.exchange(connection, audience=STOCK, scope="stock:read")
    api.clock.advance(11)
    api.statuses = _status_list(api, 0, 1)
    with pytest.raises(InvalidToken, match="revoked"):
        await api.exchange(connection, audience=STOCK, scope="stock:read")
    assert len(api.forms) == 1


async def test_token_from_before_a_change_of_claims_is_not_returned() -> None:
    """The authorization server decides again, which knows the new claims."""
    api = ExchangingApi()
    token = api.local.opaque_token("read")
    for _ in range(2):
        assert (await api.get(token)).status_code == 200
    assert len(api.forms) == 1
    await api.guard.claims_changed(ISSUER, subject="u2")
    assert (await api.get(token)).status_code == 200
    assert len(api.forms) == 1
    await api.guard.claims_changed(ISSUER, subject="u1")
    for forms in (2, 3):  # within seconds, a token may be from before the change
        assert (await api.get(token)).status_code == 200
        assert len(api.forms) == forms
    api.clock.advance(10)
    for _ in range(2):
        assert (await api.get(token)).status_code == 200
    assert len(api.forms) == 4


async def test_guard_without_a_deny_list_exchanges_and_caches() -> None:
    """Nothing can be revoked there."""
    api = ExchangingApi(guard={"deny_list": None})
    token = api.local.token("read")
    for _ in range(2):
        assert (await api.get(token)).status_code == 200
    assert len(api.forms) == 1


async def test_revocation_during_the_exchange_withholds_the_token() -> None:
    """The response of the token endpoint arrives too late."""
    api = ExchangingApi()
    token = api.local.token("read", sid="s1")
    loop = asyncio.get_running_loop()

    def respond(_: httpx.Request) -> httpx.Response:
        revoking.append(loop.create_task(api.guard.revoke(ISSUER, sid="s1")))
        return success()

    revoking: list[asyncio.Task[None]] = []
    api.respond = respond
    response = await api.get(token)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (failure("invalid_grant"), 401),
        (failure("invalid_request"), 401),
        (failure("token_revoked", 401), 401),
        (httpx.Response(401), 503),
        (failure("invalid_scope"), 403),
        (failure("access_denied", 403), 403),
        (failure("invalid_target"), 503),
        (failure("invalid_client", 401), 503),
        (failure("unauthorized_client"), 503),
        (failure("something_else"), 503),
        (failure(5), 503),
        (httpx.Response(400, content=b"<html>"), 503),
        (httpx.Response(302), 503),
        (httpx.Response(500), 503),
        (httpx.Response(200, content=b"<html>"), 503),
        (success(access_token=None), 503),
        (success(access_token="a b"), 503),
        (success(access_token="\u20ac"), 503),
        (success(access_token="x" * 17_000), 503),
        (success(token_type=None), 503),
        (success(token_type="DPoP"), 503),
        (success(token_type="N_A"), 503),
        (success(issued_token_type="urn:ietf:params:oauth:token-type:id_token"), 503),
        (success(issued_token_type=[]), 503),
    ],
    ids=lambda value: value.content[:60].decode() if isinstance(value, httpx.Response) else None,
)
async def test_error_of_the_token_endpoint_has_its_own_status(
    response: httpx.Response, status: int
) -> None:
    """The caller's fault is 401 or 403, that of the issuer or of this API 503."""
    api = ExchangingApi()
    api.respond = lambda _: response
    received = await api.get(api.local.token("read"))
    assert received.status_code == status
    assert "for-stock" not in received.text


async def test_error_is_not_remembered() -> None:
    """The next request tries again."""
    api = ExchangingApi()
    api.respond = lambda _: failure("invalid_scope")
    token = api.local.token("read")
    assert (await api.get(token)).status_code == 403
    api.respond = lambda _: success(scope="stock:read stock:list")
    response = await api.get(token)
    assert response.json()["scopes"] == ["stock:list", "stock:read"]


async def test_bound_token_is_requested_and_sent_with_proofs_of_one_key() -> None:
    """With the nonce that the server demands, and without `ath` at its token endpoint."""
    api = ExchangingApi(dpop=True)

    def respond(request: httpx.Request) -> httpx.Response:
        proof = parse_jws(request.headers["dpop"])
        assert (proof.claims["htm"], proof.claims["htu"]) == ("POST", f"{ISSUER}/token")
        assert "ath" not in proof.claims
        if proof.claims.get("nonce") != "n1":
            return failure("use_dpop_nonce", nonce="n1")
        return success(token_type="dpop")

    api.respond = respond
    fields = (await api.get(api.local.token("read"))).json()["fields"]
    assert fields["Authorization"] == "DPoP for-stock"
    claims = parse_jws(fields["DPoP"]).claims
    assert (claims["htm"], claims["htu"]) == ("GET", f"{STOCK}/items")
    assert claims["ath"] == encode_sha256(b"for-stock")
    headers = map(jwt.get_unverified_header, (fields["DPoP"], api.requests[-1].headers["dpop"]))
    assert next(headers)["jwk"] == next(headers)["jwk"]
    assert len(api.forms) == 2
    await api.get(api.local.token("read"))
    assert len(api.forms) == 3


async def test_nonce_in_a_successful_response_is_for_the_next_request() -> None:
    """RFC 9449 §8.2: the first request is not repeated."""
    api = ExchangingApi(dpop=True)

    def respond(_: httpx.Request) -> httpx.Response:
        response = success(token_type="dpop")
        response.headers["DPoP-Nonce"] = "n1"
        return response

    api.respond = respond
    for _ in range(2):
        assert (await api.get(api.local.token("read"))).status_code == 200
    nonces = [parse_jws(request.headers["dpop"]).claims.get("nonce") for request in api.requests]
    assert nonces == [None, "n1"]


@pytest.mark.parametrize("status", [400, 401])
async def test_nonce_that_the_server_refuses_again_is_an_outage(status: int) -> None:
    """There is no third attempt."""
    api = ExchangingApi(dpop=True)
    api.respond = lambda _: failure("use_dpop_nonce", status, "n1")
    assert (await api.get(api.local.token("read"))).status_code == 503
    assert len(api.forms) == 2


async def test_bearer_token_in_place_of_a_bound_one_is_not_used() -> None:
    """A server that ignores the proof would weaken the token."""
    api = ExchangingApi(dpop=True)
    assert (await api.get(api.local.token("read"))).status_code == 503


async def test_anonymous_caller_has_no_token_to_exchange() -> None:
    """The response is the one to a request without credentials."""
    api = ExchangingApi(required=False)
    response = await api.get(None)
    assert response.status_code == 401
    assert api.forms == []


async def test_other_audience_is_never_sent() -> None:
    """A name that a caller supplies could be that of an attacker's API."""
    api = ExchangingApi()
    with pytest.raises(ConfigurationError, match="audiences="):
        await api.exchange({}, audience="https://other.test")
    with pytest.raises(ConfigurationError, match="OAuthGuardMiddleware"):
        await api.exchange({}, audience=STOCK)


async def test_token_of_another_issuer_is_never_sent() -> None:
    """A guard may trust several issuers; none may see the tokens or API keys of the others."""
    api, received = ExchangingApi(), list[httpx.Request]()

    def respond(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return success()

    api.exchange = TokenExchange(
        "https://other.test",
        client=ClientSecretBasic("api", "secret"),
        audiences=[STOCK],
        endpoint="https://other.test/token",
        http=httpx.AsyncClient(transport=httpx.MockTransport(respond)),
    )
    assert (await api.get(api.local.token("read"))).status_code == 401
    assert received == []


async def test_failing_endpoint_is_probed_with_a_random_token() -> None:
    """So a caller whose token makes it fail does not make it unavailable to others."""
    api = ExchangingApi()
    api.respond = lambda _: httpx.Response(500)
    for _ in range(5):
        await api.get(api.local.token("read"))
    api.respond = lambda _: success()
    assert "secret" not in repr(api.exchange)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"audiences": []}, "audiences="),
        ({"audiences": [""]}, "audiences="),
        ({"audiences": STOCK}, "list"),
        ({"client": MutualTLS("api")}, "http="),
        ({"client": "api"}, "ClientSecretBasic"),
        ({"endpoint": "http://issuer.test/token"}, "https"),
        ({"audience": [STOCK]}, "audiences="),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_setting_is_refused(settings: dict[str, Any], message: str) -> None:
    """With a sentence that says what to write."""
    options: dict[str, Any] = {
        "client": ClientSecretBasic("api", "secret"),
        "audiences": [STOCK],
        **settings,
    }
    with pytest.raises(ConfigurationError, match=message):
        TokenExchange(ISSUER, **options)
