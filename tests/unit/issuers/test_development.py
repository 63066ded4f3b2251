"""Guard(development_tokens=True): which development tokens it accepts, and from where."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.issuers.development import DevelopmentIssuer
from oauth_guard.issuers.development_store import ISSUER, DevelopmentStore
from oauth_guard.starlette import requires
from oauth_guard.testing import (
    LocalIssuer,
    as_identity,
    challenge,
    insufficient_scope,
    invalid_token,
)

RESOURCE = "http://localhost:8000"


@pytest.fixture(name="store", autouse=True)
def store_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DevelopmentStore:
    """The files of the user who runs the guard."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return DevelopmentStore()


async def _me(request: Request) -> JSONResponse:
    return JSONResponse([request.user.subject, sorted(request.user.scopes)])


def _app(resource: str = RESOURCE, **settings: Any) -> OAuthGuardMiddleware:
    guard = Guard(resource, [JWTIssuer("https://login.example.com")], **settings)
    routes = [
        Route("/me", _me),
        Route("/orders", requires("orders:read")(_me)),
        Route("/now", requires(introspect=True)(_me)),
    ]
    return OAuthGuardMiddleware(Starlette(routes=routes), guard)


async def _get(
    app: Any,
    token: str,
    path: str = "/me",
    *,
    client: tuple[str, int] = ("127.0.0.1", 50000),
    server: str = RESOURCE,
    **headers: str,
) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=client)
    fields = {"Authorization": f"Bearer {token}", **headers}
    async with httpx.AsyncClient(transport=transport, base_url=server) as sender:
        return await sender.get(path, headers=fields)


async def test_guard_accepts_a_development_token_on_loopback(store: DevelopmentStore) -> None:
    """With the scopes that it grants, for each request anew."""
    app = _app(development_tokens=True)
    token = store.issue(["orders:read"], "u7", 60)
    for path in ("/me", "/orders", "/me"):
        assert (await _get(app, token, path)).json() == ["u7", ["orders:read"]]
    other = store.issue([], "u7", 60)
    assert challenge(await _get(app, other, "/orders")) == insufficient_scope("orders:read")


@pytest.mark.parametrize("settings", [{}, {"debug": True}, {"development_tokens": False}], ids=str)
async def test_guard_without_the_setting_rejects_a_development_token(
    store: DevelopmentStore, settings: dict[str, Any]
) -> None:
    """debug=True changes texts, and never whom the guard trusts."""
    response = await _get(_app(**settings), store.issue([], "u7", 60))
    assert challenge(response) == invalid_token()


@pytest.mark.parametrize(
    "sent",
    [
        {"client": ("10.0.0.9", 50000)},
        {"server": "http://api.example.com"},
        {"server": "http://10.0.0.1:8000"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "api.example.com"},
    ],
    ids=str,
)
async def test_guard_rejects_a_development_token_that_is_not_sent_on_loopback(
    store: DevelopmentStore, sent: dict[str, Any]
) -> None:
    """Peer, server, host, or a proxy in between; also after a request that was accepted."""
    app = _app(development_tokens=True)
    token = store.issue([], "u7", 60)
    assert (await _get(app, token)).status_code == 200
    assert challenge(await _get(app, token, **sent)) == invalid_token()


async def test_guard_rejects_a_development_token_after_its_revocation(
    store: DevelopmentStore,
) -> None:
    """Nothing is cached, so the next request is rejected."""
    app = _app(development_tokens=True)
    token = store.issue([], "u7", 60)
    assert (await _get(app, token)).status_code == 200
    (listed,) = store.listed()
    store.revoke(listed.id)
    assert challenge(await _get(app, token)) == invalid_token()


async def test_guard_rejects_a_development_token_of_another_user(tmp_path: Path) -> None:
    """It is signed with another key, even if its id is listed here."""
    app, own = _app(development_tokens=True), DevelopmentStore()
    own.issue([], "u7", 60)
    (listed,) = own.listed()
    other = DevelopmentStore(tmp_path / "of another user").key()
    token = other.sign(listed.claims, {"typ": "at+jwt"})
    assert challenge(await _get(app, token)) == invalid_token()


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 4_000_000_000},
        {"jti": "0123456789ab"},
        {"jti": None},
        {"aud": RESOURCE},
        {"iss": "https://login.example.com"},
    ],
    ids=str,
)
async def test_guard_rejects_a_token_of_the_key_that_was_not_issued_by_the_command(
    store: DevelopmentStore, changes: dict[str, Any]
) -> None:
    """A longer life, an id that is not listed, another audience or issuer."""
    app = _app(development_tokens=True)
    store.issue([], "u7", 60)
    (listed,) = store.listed()
    claims = {k: v for k, v in {**listed.claims, **changes}.items() if v is not None}
    token = store.key().sign(claims, {"typ": "at+jwt"})
    response = await _get(app, token)
    assert response.status_code in {401, 503}
    assert response.status_code == 401 or "iss" in changes


async def test_guard_introspects_a_development_token_in_the_list(store: DevelopmentStore) -> None:
    """The list is what an introspection endpoint is elsewhere."""
    issuer = LocalIssuer("https://login.example.com")
    guard = Guard(RESOURCE, [_Introspecting(issuer)], development_tokens=True)
    app = OAuthGuardMiddleware(
        Starlette(routes=[Route("/now", requires(introspect=True)(_me))]), guard
    )
    assert (await _get(app, store.issue([], "u7", 60), "/now")).json() == ["u7", []]


class _Introspecting(DevelopmentIssuer):
    """Another issuer that can introspect."""

    def __init__(self, local: LocalIssuer) -> None:
        super().__init__(DevelopmentStore())
        self.issuer = local.issuer


@pytest.mark.parametrize("resource", ["https://api.example.com", "https://10.0.0.1"])
def test_guard_of_a_public_host_takes_no_development_tokens(resource: str) -> None:
    """The setting can't be left in place by mistake."""
    with pytest.raises(ConfigurationError, match="loopback"):
        Guard(resource, [JWTIssuer("https://login.example.com")], development_tokens=True)


def test_guard_with_development_tokens_warns_and_does_not_publish_their_issuer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No client can obtain a token there."""
    guard = Guard(RESOURCE, [JWTIssuer("https://login.example.com")], development_tokens=True)
    assert "development_tokens=True" in caplog.text
    assert ISSUER.encode() not in guard.metadata_document
    assert guard.ready is False


async def test_guard_with_development_tokens_starts_and_closes(store: DevelopmentStore) -> None:
    """Its issuer has nothing to fetch, nor to close."""
    issuer = DevelopmentIssuer(store)
    async with Guard(RESOURCE, [issuer], start="wait") as guard:
        assert guard.ready


async def test_guard_with_development_tokens_is_tested_as_any_other() -> None:
    """The kit replaces the issuers that are not local already."""
    app = as_identity(_app(development_tokens=True), scopes=["orders:read"])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
        assert (await client.get("/orders")).json() == ["u1", ["orders:read"]]
