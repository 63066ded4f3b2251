"""Tokens, and the raw check with which they are compared: `cryptography`'s verification alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwt.utils import base64url_decode

from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.measure import Row, called

ALGORITHMS = ("RS256", "ES256", "EdDSA", "PS256")
CALLS = 20
FEW = 9
"""How many claims the tokens of most rows have: those of RFC 9068 §2.2, `scope` and `auth_time`."""

SEVEN_MORE: Mapping[str, Any] = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "email_verified": True,
    "preferred_username": "ada",
    "sid": "08a5019c-17e1-4977-8f42-65a12843ea02",
    "roles": ["admin", "editor"],
    "groups": ["engineering", "mathematics", "london"],
}
"""Claims that make it sixteen, two of them arrays."""

_NINTH = {"auth_time": 1_764_460_800}


@dataclass(frozen=True)
class Minted:
    """An issuer and distinct tokens of it, one for each call.

    Attributes:
        algorithm: The signature algorithm.
        issuer: The issuer.
        tokens: Its tokens.
        claims: How many claims each has.
    """

    algorithm: str
    issuer: LocalIssuer
    tokens: list[str]
    claims: int = FEW

    @property
    def raw_name(self) -> str:
        """The row of the raw check."""
        more = "" if self.claims == FEW else f" of {self.claims} claims"
        return f"raw {self.algorithm} check{more}"

    def raw_row(self) -> Row:
        """Return the row of the raw check, with all preparation done in advance."""
        key = self.issuer.keys[0]
        verify = _verifier(key)
        taken_apart = cycle([_take_apart(key.algorithm, token) for token in self.tokens])

        async def call() -> None:
            verify(*next(taken_apart))  # raises if the signature is invalid

        return Row(self.raw_name, CALLS, call)

    def forged(self) -> list[str]:
        """Return the tokens, each with the signature of the one before it."""
        signatures = [token.rpartition(".")[2] for token in self.tokens]
        return [
            f"{token.rpartition('.')[0]}.{signatures[index - 1]}"
            for index, token in enumerate(self.tokens)
        ]


def mint(algorithm: str, rounds: int, more: Mapping[str, Any] = MappingProxyType({})) -> Minted:
    """Return an issuer and a token for each call of a row, with nine claims and *more*."""
    issuer = LocalIssuer(key=SigningKey("k1", algorithm))
    claims = {**_NINTH, **more}
    tokens = [issuer.token("read", **claims) for _ in range(called(CALLS, rounds))]
    return Minted(algorithm, issuer, tokens, len(issuer.claims("read", **claims)))


def _verifier(key: SigningKey) -> Callable[[bytes, bytes], None]:
    public, sha256 = key.private.public_key(), hashes.SHA256()
    settings: dict[str, tuple[Any, ...]] = {
        "RS256": (padding.PKCS1v15(), sha256),
        "PS256": (padding.PSS(padding.MGF1(sha256), padding.PSS.DIGEST_LENGTH), sha256),
        "ES256": (ec.ECDSA(sha256),),
        "EdDSA": (),
    }
    how = settings[key.algorithm]
    return lambda signature, signed: public.verify(signature, signed, *how)


def _take_apart(algorithm: str, token: str) -> tuple[bytes, bytes]:
    signed, _, encoded = token.encode().rpartition(b".")
    signature = base64url_decode(encoded)
    if algorithm == "ES256":
        half = len(signature) // 2
        numbers = (int.from_bytes(each) for each in (signature[:half], signature[half:]))
        signature = encode_dss_signature(*numbers)
    return signature, signed
