"""One guard with DPoP twice on one connection: each proof is served once, and never replayed."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.possession import DPoP, Nonces
from oauth_guard.renewal import renew
from oauth_guard.stores.replays import MemoryOnce
from oauth_guard.testing import DPoPKey, LocalIssuer, MovableClock

RESOURCE = "https://api.example.com"
URL = f"{RESOURCE}/part/me"
KEY = DPoPKey()


async def _me(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.user.subject)


async def _feed(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(websocket.user.subject)
    await websocket.close()


def _guard(issuer: LocalIssuer, resource: str = RESOURCE, **settings: Any) -> Guard:
    settings = {"dpop": DPoP(), **settings}
    return Guard(resource, [JWTIssuer(issuer.issuer, http=issuer.http)], **settings)


def _part() -> Starlette:
    return Starlette(
        routes=[Mount("/part", routes=[Route("/me", _me), WebSocketRoute("/feed", _feed)])]
    )


def _within(*guards: Guard, part: Any = None) -> Any:
    """Return an application inside *guards*, the outermost first."""
    app = _part() if part is None else part
    for guard in reversed(guards):
        app = OAuthGuardMiddleware(app, guard)
    return app


async def _get(app: Any, token: str, proof: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    fields = {"Authorization": f"DPoP {token}", "DPoP": proof, **headers}
    async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
        return await client.get("/part/me", headers=fields)


@pytest.fixture
def issuer() -> LocalIssuer:
    """Return an issuer of tokens for the resource."""
    return LocalIssuer(audience=RESOURCE)


def _credentials(issuer: LocalIssuer, **changes: Any) -> tuple[str, str]:
    token = issuer.token("read", **{"cnf": KEY.cnf, **changes})
    return token, KEY.proof(token, "GET", URL)


@pytest.mark.conformance("9449-15")
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_proof_is_served_once_by_one_guard_however_often_it_is_placed(
    issuer: LocalIssuer, times: int
) -> None:
    """The second request with it is a replay."""
    app = _within(*[_guard(issuer)] * times)
    token, proof = _credentials(issuer)
    assert [(await _get(app, token, proof)).status_code for _ in range(2)] == [200, 401]
    assert (await _get(app, token, KEY.proof(token, "GET", URL))).status_code == 200


@pytest.mark.conformance("9449-15")
async def test_guard_that_hides_credentials_serves_a_proof_once(issuer: LocalIssuer) -> None:
    """The inner one verifies the proof that the outer one has hidden."""
    app = _within(*[_guard(issuer, hide_credentials=True)] * 2)
    token, proof = _credentials(issuer)
    assert [(await _get(app, token, proof)).status_code for _ in range(2)] == [200, 401]


@pytest.mark.conformance("9449-15")
async def test_one_of_concurrent_copies_is_served(issuer: LocalIssuer) -> None:
    """Whichever comes first."""
    app = _within(*[_guard(issuer)] * 2)
    token, proof = _credentials(issuer)
    responses = await asyncio.gather(*(_get(app, token, proof) for _ in range(20)))
    assert sorted(each.status_code for each in responses) == [200] + [401] * 19


async def test_guard_between_the_two_changes_nothing(issuer: LocalIssuer) -> None:
    """One without proofs of its own, and one with a memory of its own."""
    guard = _guard(issuer)
    app = _within(guard, _guard(issuer), guard)
    token, proof = _credentials(issuer)
    assert [(await _get(app, token, proof)).status_code for _ in range(2)] == [200, 401]


@pytest.mark.conformance("9449-15")
async def test_two_guards_that_share_a_replay_store_reject_a_proof_as_used(
    issuer: LocalIssuer,
) -> None:
    """To the store both are the same: one of them is sufficient."""
    store = MemoryOnce()
    guards = [_guard(issuer, dpop=DPoP(replays=store)) for _ in range(2)]
    assert (await _get(_within(*guards), *_credentials(issuer))).status_code == 401


async def test_response_has_one_new_nonce(issuer: LocalIssuer) -> None:
    """The outer guard adds it, once the period of the proof's own nonce is over."""
    clock, nonces = MovableClock(60_000), Nonces(b"s" * 32)
    issuer.clock = clock
    app = _within(*[_guard(issuer, dpop=DPoP(nonces=nonces), clock=clock)] * 2)
    token = issuer.token("read", cnf=KEY.cnf)
    proof = KEY.proof(token, "GET", URL, nonce=nonces.issue(clock()))
    clock.advance(60)
    response = await _get(app, token, proof)
    assert response.status_code == 200
    assert response.headers.get_list("dpop-nonce") == [nonces.issue(clock())]
    assert response.headers.get_list("cache-control") == ["no-store"]


def _changing(inner: Any, change: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> Any:
    """Return an application that sends what *change* makes of a connection to *inner*.

    The response is that of the last one.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        *others, last = change(dict(scope))

        async def drop(_: Any) -> None:
            pass

        for each in others:
            await inner(each, receive, drop)
        await inner(last, receive, send)

    return app


def _with_fields(scope: dict[str, Any], **fields: str) -> dict[str, Any]:
    names = {name.lower().encode() for name in fields}
    kept = [field for field in scope["headers"] if field[0] not in names]
    added = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    return {**scope, "headers": [*kept, *added]}


@pytest.mark.conformance("9449-15")
async def test_application_between_that_repeats_a_request_is_served_once(
    issuer: LocalIssuer,
) -> None:
    """The claim of the outer guard counts for one request."""
    guard = _guard(issuer)
    inner = _within(guard)
    token, proof = _credentials(issuer)
    app = _within(guard, part=_changing(inner, lambda scope: [scope, scope]))
    assert (await _get(app, token, proof)).status_code == 401


@pytest.mark.conformance("9449-15", "9449-17", "9449-18")
@pytest.mark.parametrize("kind", ["used proof", "other token", "other key", "other path"])
async def test_application_between_that_changes_a_request_passes_no_proof(
    issuer: LocalIssuer, kind: str
) -> None:
    """What the inner guard sees must be proven as without the outer one."""
    guard = _guard(issuer)
    token, used = _credentials(issuer)
    assert (await _get(_within(guard), token, used)).status_code == 200
    other = issuer.token("read", cnf=KEY.cnf)
    foreign = DPoPKey().proof(token, "GET", URL)
    changes: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "used proof": lambda scope: _with_fields(scope, dpop=used),
        "other token": lambda scope: _with_fields(scope, authorization=f"DPoP {other}"),
        "other key": lambda scope: _with_fields(scope, dpop=foreign),
        "other path": lambda scope: {**scope, "path": "/part/pay", "raw_path": b"/part/pay"},
    }
    between = _changing(_within(guard), lambda scope: [changes[kind](scope)])
    app = _within(guard, part=between)
    assert (await _get(app, token, KEY.proof(token, "GET", URL))).status_code == 401


@pytest.mark.conformance("9449-14")
async def test_proof_that_ends_between_the_two_is_rejected(issuer: LocalIssuer) -> None:
    """The inner guard verifies it at its own time."""
    clock = MovableClock()
    guard = _guard(issuer, clock=clock)
    key = DPoPKey(clock=clock)

    def wait(scope: dict[str, Any]) -> list[dict[str, Any]]:
        clock.advance(61)
        return [scope]

    token = issuer.token("read", cnf=key.cnf)
    app = _within(guard, part=_changing(_within(guard), wait))
    assert (await _get(app, token, key.proof(token, "GET", URL))).status_code == 401


@pytest.mark.conformance("9449-15")
async def test_fields_of_a_client_are_no_claim(issuer: LocalIssuer) -> None:
    """A used proof stays one, whatever names a request contains."""
    app = _within(*[_guard(issuer)] * 2)
    token, proof = _credentials(issuer)
    assert (await _get(app, token, proof)).status_code == 200
    fields = {"oauth_guard.request": "1", "oauth_guard.guard": "1", "claimed_in": "1"}
    assert (await _get(app, token, proof, **fields)).status_code == 401


@pytest.mark.conformance("9449-15")
async def test_public_path_of_the_outer_guard_claims_nothing(issuer: LocalIssuer) -> None:
    """The inner guard claims the proof itself."""
    guard = _guard(issuer)
    app = OAuthGuardMiddleware(_within(guard), guard, public=["/part/*"])
    token, proof = _credentials(issuer)
    assert [(await _get(app, token, proof)).status_code for _ in range(2)] == [200, 401]


@pytest.mark.conformance("9449-15", "ASGI-13")
def test_handshake_is_served_once(issuer: LocalIssuer) -> None:
    """As a request is."""
    token = issuer.token("read", cnf=KEY.cnf)
    proof = KEY.proof(token, "GET", f"{RESOURCE}/part/feed")
    fields = {"Authorization": f"DPoP {token}", "DPoP": proof}
    client = TestClient(_within(*[_guard(issuer)] * 2), base_url=RESOURCE)
    with client.websocket_connect("/part/feed", headers=fields) as socket:
        assert socket.receive_text() == "u1"
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect("/part/feed", headers=fields),
    ):
        pass
    assert denied.value.status_code == 401


@pytest.mark.conformance("9449-15")
def test_proof_of_a_handshake_renews_nothing(issuer: LocalIssuer) -> None:
    """A renewal is a use of its own, although the connection is the same."""
    token = issuer.token("read", cnf=KEY.cnf)
    proof = KEY.proof(token, "GET", f"{RESOURCE}/feed")

    async def feed(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            await renew(websocket, token, proof=await websocket.receive_text())
        except Exception as error:  # noqa: BLE001 - any rejection
            await websocket.send_text(type(error).__name__)
        else:
            await websocket.send_text("renewed")

    app = _within(*[_guard(issuer)] * 2, part=Starlette(routes=[WebSocketRoute("/feed", feed)]))
    fields = {"Authorization": f"DPoP {token}", "DPoP": proof}
    with TestClient(app, base_url=RESOURCE).websocket_connect("/feed", headers=fields) as socket:
        socket.send_text(proof)
        assert socket.receive_text() == "InvalidDPoPProof"
    fields["DPoP"] = KEY.proof(token, "GET", f"{RESOURCE}/feed")
    with TestClient(app, base_url=RESOURCE).websocket_connect("/feed", headers=fields) as socket:
        socket.send_text(KEY.proof(token, "GET", f"{RESOURCE}/feed"))
        assert socket.receive_text() == "renewed"
