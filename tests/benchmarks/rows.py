"""The rows of the table of signed tokens: what is called, and what each call must answer."""

from collections.abc import Iterator
from typing import Any

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Application
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.benchmarks.measure import Row
from tests.benchmarks.request import status_of

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
        bare_row(),
        row("guarded, token seen before (RS256)", guarded, iter(lambda: seen, None)),
        row("guarded, new token (RS256)", guarded, new),
    ]
    return rows, issuer


def bare_row() -> Row:
    """Return the row that the others are held to."""
    return row("bare ASGI app", bare_app, iter(lambda: "", None))


def row(name: str, app: Application, tokens: Iterator[str], *, calls: int = _CALLS) -> Row:
    """Return a row whose calls send one of *tokens* after the other, all of them good."""

    async def call() -> None:
        if await status_of(app, next(tokens)) != _OK:
            raise RuntimeError(f"{name}: the answer was not 200")

    return Row(name, calls, call)
