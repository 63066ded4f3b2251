"""LocalIssuer: an authorization server in the test process, with real keys and outages."""

import base64
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from oauth_guard.jose.ml_dsa import ML_DSA
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.testing.introspection import Introspection

__all__ = ["LocalIssuer", "Outage", "SigningKey"]

Outage: TypeAlias = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]
"""A handler that responds in place of the issuer."""

_LIFETIME = 300

_ALGORITHMS = get_default_algorithms()
_PRIVATE_KEYS: Mapping[str, Callable[[], Any]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    **{name: kind.private.generate for name, kind in ML_DSA.items()},
}


@dataclass(frozen=True, repr=False)
class SigningKey:
    """A private key of an issuer, and the algorithm that it signs with.

    Attributes:
        key_id: The `kid` of its tokens and its JWK.
        algorithm: `ES256`, `ES384`, `ES512`, `EdDSA`, `RS256`, `PS256`, or `ML-DSA-44`, `-65` and
            `-87` where `cryptography` has them.
        private: The private key of `cryptography`; by default a new one is generated.
    """

    key_id: str
    algorithm: str = "ES256"
    private: Any = None

    def __post_init__(self) -> None:
        """Generate the private key, unless one was passed."""
        if self.private is None:
            object.__setattr__(self, "private", _PRIVATE_KEYS[self.algorithm]())

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as a JWK, as the key set publishes it."""
        members = {"kid": self.key_id, "alg": self.algorithm, "use": "sig"}
        if self.algorithm in ML_DSA:
            return {
                "kty": "AKP",
                "pub": _encode(self.private.public_key().public_bytes_raw()),
                **members,
            }
        public = _ALGORITHMS[self.algorithm].to_jwk(self.private.public_key(), as_dict=True)
        public.pop("key_ops", None)  # `use` is sufficient
        return {**public, **members}

    def sign(self, payload: bytes, header: Mapping[str, Any]) -> str:
        """Return *payload* as a compact JWS. *header* is not checked, and may replace `kid`."""
        members = {"kid": self.key_id, **header}
        if self.algorithm in ML_DSA:  # which PyJWT does not know
            head = json.dumps({"alg": self.algorithm, **members}).encode()
            signing_input = f"{_encode(head)}.{_encode(payload)}"
            return f"{signing_input}.{_encode(self.private.sign(signing_input.encode()))}"
        return jwt.api_jws.encode(payload, self.private, self.algorithm, headers=members)


class LocalIssuer:
    """An authorization server whose metadata, keys and introspection need no network.

    Pass its `http` to the issuer under test: `JWTIssuer(local.issuer, http=local.http)`.

    For opaque tokens: `IntrospectionIssuer(local.issuer, http=local.http, client=...)`, with
    `ClientSecretBasic("api", "secret")` as the client.

    Args:
        issuer: The issuer identifier.
        audience: The `aud` of its tokens: the resource under test.
        key: The first signing key; by default a new ES256 key with the `kid` `k1`.
        clock: Returns seconds since the epoch.

    Attributes:
        keys: The keys that it publishes; the first one signs.
        requests: The URLs that were requested, in order.
        introspection: Its introspection endpoint, with its clients and its responses.
        metadata: The members of its metadata document; tests may change them.
        metadata_url: The URL of that document; by default the one of RFC 8414 §3.1.
        typ: The `typ` of its tokens; None to leave it out.
        clock: Returns seconds since the epoch.
        outage: A handler that responds in place of the server, or None:
            `local.outage = lambda request: ...`. It returns an `httpx.Response` or an awaitable
            of one, or raises an `httpx.HTTPError`.
        http: The `httpx.AsyncClient` that sends requests to this server.
    """

    def __init__(
        self,
        issuer: str = "https://issuer.test",
        *,
        audience: str = "https://api.test",
        key: SigningKey | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.keys = [key or SigningKey("k1")]
        self.requests: list[str] = []
        self.metadata: dict[str, Any] = {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "introspection_endpoint": f"{issuer}/introspect",
        }
        self.introspection = Introspection(issuer, self.sign, clock=clock)
        self.metadata_url = _metadata_url(issuer)
        self.outage: Outage | None = None
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        self.clock = clock
        self.typ: str | None = "at+jwt"
        self._client_claim = "client_id"
        self._scope_claim = "scope"
        self._scope_array = False
        self._further_claims: dict[str, Any] = {}

    @property
    def jwks(self) -> dict[str, Any]:
        """The JWK Set that it publishes."""
        return {"keys": [key.jwk for key in self.keys]}

    def rotate(self, key: SigningKey) -> None:
        """Sign with *key* from now on, and publish it in addition to the earlier keys."""
        self.keys.insert(0, key)

    def follow(self, rules: ClaimRules, resource: str) -> None:
        """Issue tokens for *resource* from now on that comply with *rules*.

        This sets the name, the audience, `typ`, the names of claims, and the values that
        `claims={...}` of a guard's issuer requires. If the first key has an algorithm that the
        rules do not allow, a new key replaces all keys. What a `claims=` function requires is not
        known here.
        """
        self.issuer = self.metadata["issuer"] = self.introspection.issuer = rules.issuer
        self.audience = rules.audience[0] if rules.audience else resource
        self.typ = rules.types[0]
        self._client_claim, self._scope_claim = rules.client_claims[0], rules.scope_claims[0]
        self._scope_array = rules.scope_array
        values = rules.claims.required_values
        self._further_claims = {name: json.loads(value) for name, value in values}
        if self.keys[0].algorithm not in rules.algorithms:
            for algorithm in filter(rules.algorithms.__contains__, _PRIVATE_KEYS):
                self.keys = [SigningKey(self.keys[0].key_id, algorithm)]
                break

    def claims(self, *scopes: str, **changes: Any) -> dict[str, Any]:
        """Return the claims of an access token with *changes*; `None` omits the claim."""
        now = int(self.clock())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": "u1",
            self._client_claim: "c1",
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + _LIFETIME,
            self._scope_claim: list(scopes) if self._scope_array else " ".join(scopes),
            **self._further_claims,
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, *scopes: str, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Return an access token for *scopes* (RFC 9068); *changes* apply to its claims.

        The introspection endpoint reports it as active, until `revoke` is called.
        """
        claims = self.claims(*scopes, **changes)
        token = self.sign(claims, {"typ": self.typ, **(header or {})})
        self.introspection.responses[token] = {"active": True, **claims}
        return token

    def opaque_token(self, *scopes: str, **changes: Any) -> str:
        """Return an opaque access token for *scopes*; *changes* apply to its claims."""
        return self.introspection.issue(self.claims(*scopes, **changes))

    def revoke(self, token: str) -> None:
        """Make the introspection endpoint report *token* as inactive from now on."""
        self.introspection.responses[token] = {"active": False}

    def headers(self, *scopes: str, **changes: Any) -> dict[str, str]:
        """Return the header fields of a request with a new access token for *scopes*."""
        return {"Authorization": f"Bearer {self.token(*scopes, **changes)}"}

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any]) -> str:
        """Return a JWS of *claims* by the first key; *header* may replace its header parameters."""
        payload = json.dumps(claims, separators=(",", ":"))  # compact, as issuers write it
        return self.keys[0].sign(payload.encode(), header)

    async def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(str(request.url))
        if self.outage is not None:
            response = self.outage(request)
            return response if isinstance(response, httpx.Response) else await response
        if str(request.url) == self.metadata.get("introspection_endpoint"):
            return self.introspection.respond(request)
        documents = {self.metadata_url: self.metadata, self.metadata.get("jwks_uri"): self.jwks}
        document = documents.get(str(request.url))
        return httpx.Response(404) if document is None else httpx.Response(200, json=document)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _metadata_url(issuer: str) -> str:
    parts = urlsplit(issuer)
    path = f"/.well-known/oauth-authorization-server{parts.path.removesuffix('/')}"
    return parts._replace(path=path).geturl()
