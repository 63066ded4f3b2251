"""as_identity(): an application whose every request comes from one caller of a test's choice."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from oauth_guard.app_structure import parts_of
from oauth_guard.asgi import Application, Connection, Receive, Send
from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.guard_map import GuardMap
from oauth_guard.middleware import OAuthGuardMiddleware
from oauth_guard.testing.issuer import LocalIssuer
from oauth_guard.testing.trust import Trust, acquire, is_trusting, release

__all__ = ["as_identity", "guards_of"]

_WITH_HEADERS = frozenset({"http", "websocket"})
_AUTHORIZATION = b"authorization"


def as_identity(
    app: Any, subject: str | None = "u1", scopes: Sequence[str] = (), **claims: Any
) -> Application:
    """Return *app* as an ASGI application whose requests have a token of this caller.

    ::

        client = TestClient(as_identity(app, subject="u1", scopes=["orders:read"]))
        assert client.get("/orders").status_code == 200

    The guard of *app* validates the token like any other, and `requires()` applies. It trusts a
    local issuer while a connection is served, the lifespan included, or the issuer of the
    `trusting` that surrounds the test. A request that has `Authorization` already is not altered.
    Where a guard needs a proof of possession, the token is rejected, since it is not bound. A
    policy denies, unless that `trusting` has `policies=`.

    Args:
        app: An application with `OAuthGuardMiddleware`, around it or added to it.
        subject: The `sub` of the token; None to leave it out.
        scopes: The scopes that the token grants.
        claims: Further claims, which replace those of the same name; None leaves a claim out.

    Raises:
        ConfigurationError: *app* has no guard, or the guard can't trust a local issuer.
    """

    async def acting(scope: Connection, receive: Receive, send: Send) -> None:
        # Read for each connection, since middleware may be added until the first one.
        with _trusted_by_all(guards_of(app)) as (issuer, audience):
            if scope["type"] in _WITH_HEADERS and _has_no_credentials(scope):
                token = issuer.token(*scopes, **{"aud": audience, "sub": subject, **claims})
                header = (_AUTHORIZATION, f"Bearer {token}".encode())
                scope = {**scope, "headers": [*scope["headers"], header]}
            await app(scope, receive, send)

    return acting


def guards_of(app: object) -> list[Guard]:
    """Return the guards in *app*: around it, added to it, or around applications inside it.

    Raises:
        ConfigurationError: There are none.
    """
    found: dict[Guard, None] = {}
    for part in parts_of(app):
        if isinstance(part, OAuthGuardMiddleware):
            found.update(dict.fromkeys(part.guards))
        for added in getattr(part, "user_middleware", ()):  # Starlette's, before the first request
            if added.cls is OAuthGuardMiddleware:
                guard = added.kwargs["guard"] if "guard" in added.kwargs else added.args[0]
                found.update(dict.fromkeys(GuardMap(guard)))
    if not found:
        raise ConfigurationError(
            "as_identity() takes an application with a guard: OAuthGuardMiddleware(app, guard), or "
            "an application with app.add_middleware(OAuthGuardMiddleware, guard=guard)."
        )
    return list(found)


@contextmanager
def _trusted_by_all(guards: Sequence[Guard]) -> Iterator[tuple[LocalIssuer, list[str]]]:
    """Let all *guards* trust one local issuer; yield it, and the audiences of a token for all.

    Raises:
        ConfigurationError: They trust issuers of different names.
    """
    with ExitStack() as stack:
        trusts: list[Trust] = []
        # First those that trust a local issuer already, so that the others trust the same one.
        for guard in sorted(guards, key=is_trusting, reverse=True):
            trusts.append(acquire(guard, trusts[0].issuer if trusts else None))
            stack.callback(release, guard)
        issuer = trusts[0].issuer
        if any(each.issuer is not issuer for each in trusts):
            raise ConfigurationError(
                "as_identity() needs guards that trust one issuer: write a "
                "`with trusting(guard, issuer):` for each guard, with the same issuer."
            )
        yield issuer, [each.audience for each in trusts]


def _has_no_credentials(connection: Connection) -> bool:
    return all(name.lower() != _AUTHORIZATION for name, _ in connection["headers"])
