"""authgent-server: an authorization server with token exchange (RFC 8693) and DPoP (RFC 9449)."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import ClientSecretBasic, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.issuers.client_auth import ClientSecretPost
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.thumbprint import jwk_thumbprint
from oauth_guard.starlette import rejection_response
from oauth_guard.token_exchange import TokenExchange
from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare

pytestmark = pytest.mark.long

RESOURCE, STOCK = "https://api.test", "https://stock.test"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_TIMEOUT = 60  # seconds


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the origin of the authorization server, which is also its issuer identifier."""
    requirements = Path(__file__).with_name("authgent_requirements.txt")
    python = prepare(ENVIRONMENT.with_name("authgent"), requirements)
    folder = tmp_path_factory.mktemp("authgent")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    settings = {
        "AUTHGENT_SERVER_URL": origin,
        "AUTHGENT_SECRET_KEY": "of a test" * 8,
        "AUTHGENT_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/authgent.db",
    }
    command = [str(python.with_name("authgent-server")), "run", "--host", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env={**os.environ, **settings},
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + _TIMEOUT
        while not _responds(origin):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield origin
    finally:
        process.terminate()
        process.wait(_TIMEOUT)


def _responds(origin: str) -> bool:
    try:
        return httpx.get(f"{origin}/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


class Server:
    """The clients of one test at the authorization server."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self.web = self._register("client_credentials", "stock:read")
        self.api = self._register(GRANT, "stock:read")

    def token(self) -> str:
        """Return a token for the API."""
        form = {
            "grant_type": "client_credentials",
            "scope": "stock:read",
            "resource": RESOURCE,
            **self.web,
        }
        return str(self._post("/token", data=form)["access_token"])

    def revoke(self, token: str) -> None:
        """Revoke *token* at the server."""
        self._post("/revoke", data={"token": token, **self.web})

    def _register(self, grant: str, scope: str) -> dict[str, str]:
        client = {"client_name": "test", "grant_types": [grant], "scope": scope}
        members = self._post("/register", json=client)
        return {name: members[name] for name in ("client_id", "client_secret")}

    def _post(self, path: str, **content: Any) -> Any:
        response = httpx.post(f"{self._origin}{path}", trust_env=False, **content)
        return response.raise_for_status().json()


async def call(exchange: TokenExchange, origin: str, token: str) -> httpx.Response:
    """Call a guarded API, which exchanges *token* and returns what it would send."""

    async def route(request: Request) -> JSONResponse:
        exchanged = await exchange(request, audience=STOCK, scope="stock:read")
        again = await exchange(request, audience=STOCK, scope="stock:read")
        assert exchanged is again
        return JSONResponse(exchanged.headers("GET", STOCK))

    handlers: Any = dict.fromkeys((RequestRejected, IssuerUnavailable), rejection_response)
    inner = Starlette(routes=[Route("/", route)], exception_handlers=handlers)
    issuer = JWTIssuer(origin, types=["JWT", "at+jwt"], required_claims=["iss", "exp", "aud"])
    async with Guard(RESOURCE, [issuer]) as guard:
        transport = httpx.ASGITransport(OAuthGuardMiddleware(inner, guard))
        async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
            return await client.get("/", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("method", [ClientSecretBasic, ClientSecretPost])
async def test_token_is_exchanged_for_one_of_another_api(origin: str, method: Any) -> None:
    """It is for that API alone, for the same subject, and names this API as the actor."""
    server = Server(origin)
    exchange = TokenExchange(origin, client=method(*server.api.values()), audiences=[STOCK])
    token = server.token()
    response = await call(exchange, origin, token)
    scheme, _, exchanged = response.json()["Authorization"].partition(" ")
    claims, original = parse_jws(exchanged).claims, parse_jws(token).claims
    assert (scheme, claims["aud"]) == ("Bearer", STOCK)
    assert claims["sub"] == original["sub"]
    assert server.api["client_id"] in claims["act"]["sub"]
    await exchange.aclose()


async def test_exchanged_token_is_bound_to_the_key_of_the_api(origin: str) -> None:
    """The proof for the other API is made with the key in `cnf`."""
    server = Server(origin)
    client = ClientSecretBasic(*server.api.values())
    exchange = TokenExchange(origin, client=client, audiences=[STOCK], dpop=True)
    fields = (await call(exchange, origin, server.token())).json()
    scheme, _, exchanged = fields["Authorization"].partition(" ")
    jwk = jwt.get_unverified_header(fields["DPoP"])["jwk"]
    assert scheme == "DPoP"
    assert parse_jws(exchanged).claims["cnf"] == {"jkt": jwk_thumbprint(jwk)}
    await exchange.aclose()


async def test_token_that_the_server_has_revoked_is_not_exchanged(origin: str) -> None:
    """Its signature is still valid, so the guard alone would accept it."""
    server = Server(origin)
    client = ClientSecretBasic(*server.api.values())
    exchange = TokenExchange(origin, client=client, audiences=[STOCK])
    token = server.token()
    server.revoke(token)
    assert (await call(exchange, origin, token)).status_code == 401
    await exchange.aclose()


async def test_wrong_secret_of_the_api_is_not_the_callers_fault(origin: str) -> None:
    """503, and the log of the operator says why."""
    server = Server(origin)
    client = ClientSecretBasic(server.api["client_id"], "wrong")
    exchange = TokenExchange(origin, client=client, audiences=[STOCK])
    assert (await call(exchange, origin, server.token())).status_code == 503
    await exchange.aclose()
