"""identity_fields(): the header fields in which the application behind a proxy finds the caller."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from oauth_guard.forward_auth.assertion import Assertion
from oauth_guard.protocol.identity import Identity

__all__ = ["IDENTITY_FIELDS", "identity_fields"]

IDENTITY_FIELDS = (
    "X-Auth-Subject",
    "X-Auth-Client",
    "X-Auth-Issuer",
    "X-Auth-Kind",
    "X-Auth-Scopes",
    "X-Auth-Roles",
    "X-Auth-Groups",
    "X-Auth-Entitlements",
    "X-Auth-Assertion",
)
"""The fields that each response with status 200 has, empty where there is nothing.

A proxy must copy all of them, so that none that a client has sent gets through.
"""

# What needs no encoding in a field; the space separates the members of a list.
_SAFE = "-._~!$&'()*+,;=:@/|"
_NAMES = tuple(name.lower().encode("ascii") for name in IDENTITY_FIELDS)


def identity_fields(
    identity: Identity, assertion: Assertion | None
) -> tuple[tuple[bytes, bytes], ...]:
    """Return a field for each of `IDENTITY_FIELDS`.

    Values are percent-encoded, except for letters, digits and `-._~!$&'()*+,;=:@/|`. The members
    of a list are encoded each, sorted, and separated by spaces.

    Args:
        identity: The caller.
        assertion: What signs the assertion. If there is one, all other fields are empty.
    """
    if assertion is None:
        values: Mapping[bytes, bytes] = dict(zip(_NAMES, _plain(identity), strict=False))
    else:
        signed = assertion.sign(identity) if identity.is_authenticated else ""
        values = {b"x-auth-assertion": signed.encode("ascii")}
    return tuple((name, values.get(name, b"")) for name in _NAMES)


def _plain(identity: Identity) -> Iterable[bytes]:
    """Yield the values of the fields, in the order of `IDENTITY_FIELDS`, without the assertion."""
    for text in (identity.subject, identity.client_id, identity.issuer, identity.kind):
        yield _encode(text or "")
    for names in (identity.scopes, identity.roles, identity.groups, identity.entitlements):
        yield b" ".join(sorted(map(_encode, names)))


def _encode(text: str) -> bytes:
    return quote(text, safe=_SAFE, errors="replace").encode("ascii")
