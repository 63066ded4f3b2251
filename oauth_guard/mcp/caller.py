"""Callers: the caller of a guarded request as the package mcp knows one."""

from collections.abc import Callable
from contextvars import Token
from hashlib import sha256

from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from oauth_guard.protocol.identity import Identity

__all__ = ["NOT_EXPOSED", "AsCaller", "Callers", "access_token_of", "current_user"]

NOT_EXPOSED = "not exposed"
"""What `get_access_token().token` is, unless the guard was built with `expose_token=True`."""

_MAX_KNOWN = 1024


def access_token_of(
    identity: Identity, resource: str, read_token: Callable[[], str]
) -> AccessToken:
    """Return *identity* as the package's access token, which identifies the owner of a session.

    The package compares issuer, subject and client. A caller without a subject is identified by
    a digest of the token instead, so that no other caller without one is the same.

    Args:
        identity: The caller.
        resource: The resource that the token was validated for.
        read_token: Returns the raw token; called only if the caller has no subject.
    """
    subject = identity.subject
    if subject is None:
        subject = f"token {sha256(read_token().encode()).hexdigest()}"
    expires = identity.claims.get("exp")
    return AccessToken.model_construct(
        token=identity.token or NOT_EXPOSED,
        client_id=identity.client_id or "",
        scopes=sorted(identity.scopes),
        expires_at=int(expires) if isinstance(expires, int | float) else None,
        resource=resource,
        subject=subject,
        claims={**identity.claims, "iss": identity.issuer},
    )


def current_user() -> AuthenticatedUser | None:
    """Return the user whose message is served, or whose session it is."""
    return auth_context_var.get()


class AsCaller:
    """Lets `get_access_token()` return the token of *user* inside a `with` block."""

    __slots__ = ("_earlier", "_user")

    def __init__(self, user: AuthenticatedUser) -> None:
        self._user = user

    def __enter__(self) -> None:
        self._earlier: Token[AuthenticatedUser | None] = auth_context_var.set(self._user)

    def __exit__(self, *_: object) -> None:
        try:  # noqa: SIM105 - suppress() takes longer than the rest
            auth_context_var.reset(self._earlier)
        except ValueError:  # ended in another context, by the garbage collector
            pass


class Callers:
    """The users of the package for the identities that were seen last; 1,024 at most.

    Args:
        resource: The resource that tokens are validated for.
    """

    def __init__(self, resource: str) -> None:
        self._resource = resource
        # An identity in it is alive, so no other one has its number.
        self._known: dict[int, tuple[Identity, AuthenticatedUser]] = {}

    def user_of(self, identity: Identity, read_token: Callable[[], str]) -> AuthenticatedUser:
        """Return the user for *identity*; *read_token* as for `access_token_of`."""
        known = self._known.get(id(identity))
        if known is not None:
            return known[1]
        user = AuthenticatedUser(access_token_of(identity, self._resource, read_token))
        if len(self._known) >= _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[id(identity)] = (identity, user)
        return user
