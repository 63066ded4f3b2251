"""How we prove ourselves to an endpoint: secret, key, certificate or token (RFC 6749 §2.3)."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote_plus

from oauth_guard.errors import ConfigurationError
from oauth_guard.jose.signing import SigningKey
from oauth_guard.protocol.introspection import ClientProof

__all__ = [
    "BearerToken",
    "ClientAuthentication",
    "ClientSecretBasic",
    "ClientSecretPost",
    "MutualTLS",
    "PrivateKeyJWT",
]

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFETIME = 60


class ClientAuthentication(Protocol):
    """Proves who asks, for one request after the other; its `repr` tells no secret."""

    @property
    def client_id(self) -> str:
        """The identifier that the issuer gave us."""
        ...

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:
        """Return what proves to *issuer* that we ask, *now* (epoch seconds).

        A *nonce* is a text that is never used twice.
        """
        ...


@dataclass(frozen=True, slots=True)
class ClientSecretBasic:
    """Send identifier and secret as HTTP Basic credentials (RFC 6749 §2.3.1).

    Attributes:
        client_id: The identifier that the issuer gave us.
        secret: The secret.
        raw: Send both as they are, to a server that does not decode them as it should.
    """

    client_id: str
    secret: str = field(repr=False)
    raw: bool = field(default=False, kw_only=True)
    _proof: ClientProof = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what could not be sent, and write the rest once, each half encoded unless `raw`.

        Raises:
            ConfigurationError: One is empty, or the identifier would end early.
        """
        _check(self.client_id, self.secret)
        if self.raw and ":" in self.client_id:
            raise ConfigurationError("raw=True can't send a client_id with a colon: leave it out.")
        halves = (self.client_id, self.secret)
        credentials = ":".join(halves if self.raw else map(quote_plus, halves))
        encoded = base64.b64encode(credentials.encode()).decode("ascii")
        proof = ClientProof({"authorization": f"Basic {encoded}"}, {})
        object.__setattr__(self, "_proof", proof)  # past the guard against changes

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:  # noqa: ARG002 - a seam
        """Return the header field."""
        return self._proof


@dataclass(frozen=True, slots=True)
class ClientSecretPost:
    """Send identifier and secret in the form, to a server that does not take Basic."""

    client_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what could not be sent.

        Raises:
            ConfigurationError: One is empty.
        """
        _check(self.client_id, self.secret)

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:  # noqa: ARG002 - a seam
        """Return the members of the form."""
        return ClientProof({}, {"client_id": self.client_id, "client_secret": self.secret})


class PrivateKeyJWT:
    """Sign an assertion with a key that never leaves us (RFC 7523 §2.2, §3).

    Args:
        client_id: The identifier that the issuer gave us.
        key: The private key, in PEM without a password.
        key_id: The `kid` under which the issuer knows its public half.
        algorithm: How it signs; by default as its type suggests: RS256, ES256 and so on.
        audience: Whom the assertion is for; by default the issuer's identifier, but some want
            the address of an endpoint.

    Raises:
        ConfigurationError: The key can't be used, or the identifier is empty.
    """

    __slots__ = ("_audience", "_client_id", "_key")

    def __init__(
        self,
        client_id: str,
        key: str | bytes,
        *,
        key_id: str | None = None,
        algorithm: str | None = None,
        audience: str | None = None,
    ) -> None:
        _check(client_id)
        pem = key.encode() if isinstance(key, str) else key
        try:
            self._key = SigningKey.from_pem(pem, algorithm=algorithm, key_id=key_id)
        except ValueError as error:
            raise ConfigurationError(f"the key of {client_id} can't be used: {error}.") from None
        self._client_id = client_id
        self._audience = audience

    def __repr__(self) -> str:
        return f"PrivateKeyJWT({self._client_id!r})"

    @property
    def client_id(self) -> str:
        """The identifier that the issuer gave us."""
        return self._client_id

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:
        """Return the members of the form, with an assertion that serves once, for a minute."""
        issued_at = int(now)
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._audience or issuer,
            "jti": nonce,
            "iat": issued_at,
            "exp": issued_at + _ASSERTION_LIFETIME,
        }
        form = {
            "client_id": self._client_id,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._key.sign(claims),
        }
        return ClientProof({}, form)


@dataclass(frozen=True, slots=True)
class MutualTLS:
    """Let a client certificate speak (RFC 8705 §2); the HTTP client that is handed in shows it.

    `IntrospectionIssuer(..., client=MutualTLS("api"), http=httpx.AsyncClient(verify=context))`,
    where `context` is an `ssl.SSLContext` that has loaded certificate and key.
    """

    client_id: str

    def __post_init__(self) -> None:
        """Refuse what could not be sent.

        Raises:
            ConfigurationError: The identifier is empty.
        """
        _check(self.client_id)

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:  # noqa: ARG002 - a seam
        """Return the member of the form that says whose certificate it is."""
        return ClientProof({}, {"client_id": self.client_id})


@dataclass(frozen=True, slots=True)
class BearerToken:
    """Send an access token of our own (RFC 7662 §2.1).

    Attributes:
        client_id: The identifier that the issuer gave us; it is not sent.
        token: The token, or a function that returns the one that is good now.
    """

    client_id: str
    token: str | Callable[[], str] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what could not be sent.

        Raises:
            ConfigurationError: One is empty.
        """
        _check(self.client_id, self.token)

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:  # noqa: ARG002 - a seam
        """Return the header field."""
        token = self.token if isinstance(self.token, str) else self.token()
        return ClientProof({"authorization": f"Bearer {token}"}, {})


def _check(*values: object) -> None:
    if not all(values):
        raise ConfigurationError("client= wants a client_id, and what proves it, both not empty.")
