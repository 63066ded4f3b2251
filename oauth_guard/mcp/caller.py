"""as_caller(): the caller of a guarded request as the package mcp knows one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from oauth_guard.protocol.identity import Identity

__all__ = ["NOT_EXPOSED", "access_token_of", "as_caller"]

NOT_EXPOSED = "not exposed"
"""What `get_access_token().token` is, unless the guard was built with `expose_token=True`."""


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


@contextmanager
def as_caller(token: AccessToken) -> Iterator[AuthenticatedUser]:
    """Let `get_access_token()` return *token* inside the block, and yield its user."""
    user = AuthenticatedUser(token)
    earlier = auth_context_var.set(user)
    try:
        yield user
    finally:
        try:  # noqa: SIM105 - suppress() takes longer than the rest
            auth_context_var.reset(earlier)
        except ValueError:  # ended in another context, by the garbage collector
            pass
