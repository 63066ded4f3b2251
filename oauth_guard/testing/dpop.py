"""DPoPKey: a client's key that makes proofs, good ones and named attacks (RFC 9449 §4.2)."""

import base64
import hmac
import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from jwt.algorithms import get_default_algorithms

from oauth_guard.jose.thumbprint import encode_sha256, jwk_thumbprint
from oauth_guard.testing.issuer import SigningKey

__all__ = ["DPOP_ATTACKS", "DPoPKey"]

_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e")


class DPoPKey:
    """The key of a client, which tokens can be bound to.

    Bind a token: `issuer.token("read", cnf=key.cnf)`. Send it: `key.headers(token, "GET", url)`.

    Args:
        algorithm: `ES256`, `ES384`, `ES512`, `EdDSA`, `RS256` or `PS256`.
        clock: Returns seconds since the epoch.

    Attributes:
        jwk: The public key, as a proof carries it.
        thumbprint: Its RFC 7638 thumbprint.
    """

    def __init__(self, algorithm: str = "ES256", *, clock: Callable[[], float] = time.time) -> None:
        self._key = SigningKey("dpop", algorithm)
        self._clock = clock
        self.jwk = {name: self._key.jwk[name] for name in _PUBLIC_MEMBERS if name in self._key.jwk}
        self.thumbprint = jwk_thumbprint(self.jwk)

    def now(self) -> float:
        """Return the time of the clock."""
        return self._clock()

    @property
    def algorithm(self) -> str:
        """The algorithm of the proofs."""
        return self._key.algorithm

    @property
    def cnf(self) -> dict[str, str]:
        """The `cnf` claim of a token that is bound to this key (RFC 9449 §6.1)."""
        return {"jkt": self.thumbprint}

    def proof(
        self,
        token: str,
        method: str,
        url: str,
        *,
        header: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a proof for a request with *token*.

        Args:
            token: The access token.
            method: The HTTP method.
            url: The URL of the request; query and fragment are left out.
            header: Changes of the header.
            changes: Changes of the claims, such as `nonce="..."`. `None` removes a member, here
                and in the header.
        """
        claims = {
            "jti": uuid.uuid4().hex,
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(self.now()),
            "ath": encode_sha256(token.encode()),
        }
        members = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk}
        return self.sign(_changed(members, header or {}), _changed(claims, changes))

    def headers(self, token: str, method: str, url: str, **changes: Any) -> dict[str, str]:
        """Return the header fields of a request with *token*, which is bound to this key."""
        proof = self.proof(token, method, url, **changes)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def attack(self, name: str, token: str, method: str, url: str) -> str:
        """Return a proof that a resource must reject; see `DPOP_ATTACKS` for the names.

        Raises:
            KeyError: There is no attack of that name.
        """
        return DPOP_ATTACKS[name](self, token, method, url)

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """Return *claims* under *header*, signed with this key whatever they say."""
        return self.sign_bytes(json.dumps(header).encode(), json.dumps(claims).encode())

    def sign_bytes(self, header: bytes, claims: bytes) -> str:
        """Return a JWS with a good signature over *header* and *claims*, which may be no JSON."""
        signing_input = f"{_segment(header)}.{_segment(claims)}"
        signer = get_default_algorithms()[self.algorithm]
        return f"{signing_input}.{_segment(signer.sign(signing_input.encode(), self._key.private))}"


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


Attack: TypeAlias = Callable[[DPoPKey, str, str, str], str]
"""Makes a proof of a key for a token, a method and a URL."""


def _with_header(**changes: Any) -> Attack:
    return lambda key, *request: key.proof(*request, header=changes)


def _with_claims(**changes: Any) -> Attack:
    return lambda key, *request: key.proof(*request, **changes)


def _with_jwk(**members: Any) -> Attack:
    return lambda key, *request: key.proof(*request, header={"jwk": {**key.jwk, **members}})


def _issued(seconds: int) -> Attack:
    """Return an attack whose proof was issued so many seconds from now."""
    return lambda key, *request: key.proof(*request, iat=key.now() + seconds)


def _by_another_key(key: DPoPKey, token: str, method: str, url: str) -> str:
    return DPoPKey(key.algorithm, clock=key.now).proof(token, method, url)


def _with_foreign_jwk(key: DPoPKey, token: str, method: str, url: str) -> str:
    """Claim the bound key, and sign with another."""
    other = DPoPKey(key.algorithm, clock=key.now)
    return other.proof(token, method, url, header={"jwk": key.jwk})


def _with_changed_signature(key: DPoPKey, token: str, method: str, url: str) -> str:
    signed, _, signature = key.proof(token, method, url).rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _signed_by_public_key(key: DPoPKey, token: str, method: str, url: str) -> str:
    """Use the public key as the secret of a MAC."""
    proof = key.proof(token, method, url, header={"alg": "HS256"})
    signing_input = proof.rpartition(".")[0]
    secret = json.dumps(key.jwk).encode()
    return f"{signing_input}.{_segment(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def _with_doubled_member(key: DPoPKey, token: str, method: str, url: str) -> str:
    header, claims, _ = map(_decode, key.proof(token, method, url).split("."))
    return key.sign_bytes(header, claims[:-1] + b', "htm": "' + method.encode() + b'"}')


def _twice(key: DPoPKey, token: str, method: str, url: str) -> str:
    proof = key.proof(token, method, url)
    return f"{proof}, {proof}"


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


DPOP_ATTACKS: Mapping[str, Attack] = {
    "no proof": lambda *_: "",
    "no JWT": lambda *_: "abc",
    "encrypted": lambda key, *request: f"{key.proof(*request)}.AAAA.AAAA",
    "two in one field": _twice,
    "too large": _with_claims(padding="x" * 8192),
    "doubled member": _with_doubled_member,
    "critical extension": _with_header(crit=["x"], x=1),
    "no type": _with_header(typ=None),
    "another type": _with_header(typ="at+jwt"),
    "no algorithm": _with_header(alg=None),
    "unsigned": lambda key, *request: (
        key.proof(*request, header={"alg": "none"}).rpartition(".")[0] + "."
    ),
    "unknown algorithm": _with_header(alg="ES999"),
    "public key as secret": _signed_by_public_key,
    "no key": _with_header(jwk=None),
    "private key": _with_jwk(d="AA"),
    "null private member": _with_jwk(d=None),
    "private RSA member": _with_jwk(p="AA"),
    "symmetric key": _with_header(jwk={"kty": "oct", "k": "c2VjcmV0"}),
    "key of another type": _with_jwk(kty="OKP"),
    "changed signature": _with_changed_signature,
    "signed by another key": _with_foreign_jwk,
    "another key": _by_another_key,
    "no jti": _with_claims(jti=None),
    "no htm": _with_claims(htm=None),
    "no htu": _with_claims(htu=None),
    "no iat": _with_claims(iat=None),
    "no ath": _with_claims(ath=None),
    "empty jti": _with_claims(jti=""),
    "long jti": _with_claims(jti="x" * 1024),
    "another method": _with_claims(htm="TRACE"),
    "another host": _with_claims(htu="https://attacker.example/"),
    "another path": lambda key, token, method, url: key.proof(token, method, url + "/other"),
    "another token": lambda key, token, method, url: key.proof(token + "x", method, url),
    "too old": _issued(-3600),
    "from the future": _issued(3600),
    "boolean iat": _with_claims(iat=True),
}
"""Proofs that a resource must reject, by name. "another key" is a sound proof by a key that the
token is not bound to; a proof that is sent twice is a replay and no variant here."""
