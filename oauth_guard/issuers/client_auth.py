"""Client authentication at an endpoint: secret, key, certificate or token (RFC 6749 §2.3)."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote_plus

from oauth_guard.errors import ConfigurationError
from oauth_guard.issuers.members import missing_member
from oauth_guard.jose.signing import SigningKey
from oauth_guard.protocol.introspection import ClientProof
from oauth_guard.protocol.settings import checked_settings

__all__ = [
    "BearerToken",
    "ClientAuthentication",
    "ClientSecretBasic",
    "ClientSecretPost",
    "MutualTLS",
    "PrivateKeyJWT",
    "check_authentication",
]

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFETIME = 60


class ClientAuthentication(Protocol):
    """Authenticates the client to an issuer, once per request; its `repr` contains no secret."""

    @property
    def client_id(self) -> str:
        """The client identifier that the issuer assigned."""
        ...

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:
        """Return the header fields and form members that authenticate one request to *issuer*.

        *nonce* is a string that is unique to the request; *now* is in seconds since the epoch.
        """
        ...


@checked_settings
@dataclass(frozen=True, slots=True)
class ClientSecretBasic:
    """Send identifier and secret as HTTP Basic credentials (RFC 6749 §2.3.1).

    Attributes:
        client_id: The client identifier that the issuer assigned.
        secret: The client secret.
        raw: Do not form-encode the two, for a server that does not decode them as the RFC says.
    """

    client_id: str
    secret: str = field(repr=False)
    raw: bool = field(default=False, kw_only=True)
    _proof: ClientProof = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check identifier and secret, and build the header field: form-encoded unless `raw`.

        Raises:
            ConfigurationError: A value is empty, or *raw* is set and the identifier contains a
                colon, which would end it early.
        """
        _check(self.client_id, self.secret)
        if self.raw and ":" in self.client_id:
            raise ConfigurationError(
                "raw=True can't send a client_id that contains a colon: leave raw out."
            )
        parts = (self.client_id, self.secret)
        credentials = ":".join(parts if self.raw else map(quote_plus, parts))
        encoded = base64.b64encode(credentials.encode()).decode("ascii")
        proof = ClientProof({"authorization": f"Basic {encoded}"}, {})
        object.__setattr__(self, "_proof", proof)  # the dataclass is frozen

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:  # noqa: ARG002 - Protocol
        """Return the header field."""
        return self._proof


@checked_settings
@dataclass(frozen=True, slots=True)
class ClientSecretPost:
    """Send identifier and secret in the form, for a server that does not support HTTP Basic.

    Source: RFC 6749 §2.3.1.
    """

    client_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Check that no value is empty.

        Raises:
            ConfigurationError: A value is empty.
        """
        _check(self.client_id, self.secret)

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:  # noqa: ARG002 - Protocol
        """Return the form members."""
        return ClientProof({}, {"client_id": self.client_id, "client_secret": self.secret})


@checked_settings
class PrivateKeyJWT:
    """Send an assertion signed with a private key, which is never sent (RFC 7523 §2.2, §3).

    Args:
        client_id: The client identifier that the issuer assigned.
        key: The private key, in PEM without a password.
        key_id: The `kid` of the public key as registered at the issuer.
        algorithm: The signature algorithm; by default the one for the type of the key: RS256,
            ES256 and so on.
        audience: The `aud` of the assertion; by default the issuer identifier. Some issuers
            require the URL of an endpoint.

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
        """The client identifier that the issuer assigned."""
        return self._client_id

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:
        """Return the form members, with an assertion of *nonce* as `jti` that expires in 60 s."""
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


@checked_settings
@dataclass(frozen=True, slots=True)
class MutualTLS:
    """Authenticate by a client certificate (RFC 8705 §2), which the client in `http=` presents.

    Only `client_id` is sent here. That the HTTP client has a certificate is not checked.

    `IntrospectionIssuer(..., client=MutualTLS("api"), http=httpx.AsyncClient(verify=context))`,
    where `context` is an `ssl.SSLContext` that has loaded the certificate and its key.
    """

    client_id: str

    def __post_init__(self) -> None:
        """Check the value.

        Raises:
            ConfigurationError: The identifier is empty.
        """
        _check(self.client_id)

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:  # noqa: ARG002 - Protocol
        """Return the form member `client_id`, which names the owner of the certificate."""
        return ClientProof({}, {"client_id": self.client_id})


@checked_settings
@dataclass(frozen=True, slots=True)
class BearerToken:
    """Send an access token of the resource server (RFC 7662 §2.1).

    Attributes:
        client_id: The client identifier that the issuer assigned; it is not sent.
        token: The access token, or a function that returns the current one.
    """

    client_id: str
    token: str | Callable[[], str] = field(repr=False)

    def __post_init__(self) -> None:
        """Check that no value is empty.

        Raises:
            ConfigurationError: A value is empty.
        """
        _check(self.client_id, self.token)

    def prove(self, issuer: str, *, nonce: str, now: float) -> ClientProof:  # noqa: ARG002 - Protocol
        """Return the header field."""
        token = self.token if isinstance(self.token, str) else self.token()
        return ClientProof({"authorization": f"Bearer {token}"}, {})


def check_authentication(client: object, http: object) -> None:
    """Check that *client* can authenticate.

    It must have every member of `ClientAuthentication`. If it is `MutualTLS`, *http* must be
    given too: the HTTP client that holds the certificate.

    Raises:
        ConfigurationError: A member is missing, *client* is a class, or *http* is missing.
    """
    if isinstance(client, type) or missing_member(client, ClientAuthentication):
        raise ConfigurationError(
            'client= takes ClientSecretBasic("api", secret), or an object of another class of '
            "oauth_guard.issuers.client_auth."
        )
    if isinstance(client, MutualTLS) and http is None:
        raise ConfigurationError("MutualTLS needs http=, a client that presents the certificate.")


def _check(*values: object) -> None:
    if not all(values):
        raise ConfigurationError(
            "client= takes a client_id and a secret, key or token; none may be empty."
        )
