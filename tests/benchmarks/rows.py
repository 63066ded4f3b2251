"""The rows of the table: what is called, and what each call must answer."""

from collections.abc import Iterator
from typing import Any

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Application, Message
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.benchmarks.measure import Row

RESOURCE = "https://api.test"

_OK = 200
_CALLS = 200


async def bare_app(_connection: Any, _receive: Any, send: Any) -> None:
    """Answer 200, as cheaply as ASGI permits."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def build_rows(rounds: int) -> tuple[list[Row], LocalIssuer]:
    """Return the rows and the issuer behind them, whose requests tell how often it was asked."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    guard = Guard(RESOURCE, [JWTIssuer(issuer.issuer, http=issuer.http)])
    guarded = OAuthGuardMiddleware(bare_app, guard)
    seen = issuer.token()
    new = iter([issuer.token() for _ in range(rounds * _CALLS + 1)])
    rows = [
        _row("bare ASGI app", bare_app, iter(lambda: "", None)),
        _row("guarded, token seen before (RS256)", guarded, iter(lambda: seen, None)),
        _row("guarded, new token (RS256)", guarded, new),
    ]
    return rows, issuer


def _row(name: str, app: Application, tokens: Iterator[str]) -> Row:
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def call() -> None:
        token = next(tokens).encode()
        connection = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "raw_path": b"/",
            "root_path": "",
            "headers": [(b"host", b"api.test"), (b"authorization", b"Bearer " + token)],
        }
        await app(connection, receive, send)
        if statuses.pop() != _OK:
            raise RuntimeError(f"{name}: the answer was not 200")

    return Row(name, _CALLS, call)
