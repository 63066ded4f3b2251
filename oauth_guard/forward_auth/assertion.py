"""Assertion: a short-lived signed JWT about the caller, for the application behind a proxy."""

import json
import time
import uuid
from collections.abc import Iterable
from typing import Any

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import Clock
from oauth_guard.jose.signing import SigningKey
from oauth_guard.protocol.identity import Identity

__all__ = ["Assertion"]

_LIFETIME = 60


class Assertion:
    """Signs JWTs of 60 seconds about callers, in place of plain header fields.

    The application validates them as tokens of *issuer* for *audience*, so it does not need to
    trust the network between the proxy and itself. The claims are `iss`, `aud`, `iat`, `exp`,
    `jti`, `sub`, `client_id`, `scope`, `roles`, `groups`, `entitlements`, `kind`, and
    `subject_issuer`, the authorization server that issued the token of the caller: `sub` is
    unique only together with it. A claim without a value is left out.

    Args:
        issuer: Who issues the assertions, a URI of the operator's own.
        audience: The application that they are for.
        key: A private key in PEM, or several: the first signs, all are published, so that a key
            can be published before it signs.
        clock: Returns seconds since the epoch.

    Raises:
        ConfigurationError: There is no key, or one can't sign.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        key: Iterable[bytes | str] | bytes | str,
        clock: Clock = time.time,
    ) -> None:
        self._issuer, self._audience, self._clock = issuer, audience, clock
        read = [_read(each) for each in ([key] if isinstance(key, bytes | str) else key)]
        if not read:
            raise ConfigurationError("Assertion(key=...) needs a private key in PEM.")
        self._key = read[0]
        self.key_set = json.dumps({"keys": [each.public_jwk for each in read]}).encode("ascii")

    def __repr__(self) -> str:
        return f"Assertion({self._issuer!r}, {self._audience!r})"

    def sign(self, identity: Identity) -> str:
        """Return an assertion that *identity* is the caller, as a compact JWT (RFC 7519)."""
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": now + _LIFETIME,
            "jti": str(uuid.uuid4()),
            "sub": identity.subject,
            "client_id": identity.client_id,
            "scope": " ".join(sorted(identity.scopes)),
            "roles": sorted(identity.roles),
            "groups": sorted(identity.groups),
            "entitlements": sorted(identity.entitlements),
            "kind": identity.kind,
            "subject_issuer": identity.issuer,
        }
        return self._key.sign({name: value for name, value in claims.items() if value})


def _read(pem: bytes | str) -> SigningKey:
    text = pem.encode() if isinstance(pem, str) else pem
    try:
        return SigningKey.from_pem(text, algorithm=None, key_id=None).named_by_thumbprint()
    except ValueError as error:
        raise ConfigurationError(f"Assertion(key=...) can't use a key: {error}.") from None
