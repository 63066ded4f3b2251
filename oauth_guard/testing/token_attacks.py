"""TOKEN_ATTACKS: forged, altered, foreign and stolen tokens, each with a sentence."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from oauth_guard.testing.attack import Build, Target
from oauth_guard.testing.forgery import (
    Sign,
    always,
    attacker_certificate,
    attacker_key,
    by_attacker,
    by_issuer,
    encode,
    forge,
    with_public_key_as_secret,
)
from oauth_guard.testing.issuer import LocalIssuer

__all__ = ["TOKEN_ATTACKS"]

_EVIL = "https://attacker.example"
_Changes: TypeAlias = Callable[[LocalIssuer], Mapping[str, Any]]


def _no_changes(_: LocalIssuer) -> Mapping[str, Any]:
    return {}


def _token(  # noqa: PLR0913 - the parts of a token, each by keyword and with a default
    *,
    header: _Changes = _no_changes,
    claims: _Changes = _no_changes,
    without: str | None = None,
    edit: tuple[str, str] = ("", ""),
    sign: Sign = by_issuer,
    then: Callable[[str], str] = str,
) -> Build:
    """Send a forged token in the header; *then* may alter it."""

    def build(issuer: LocalIssuer, target: Target) -> Mapping[str, Any]:
        changed = {**target.genuine_claims(issuer), **claims(issuer)}
        removed = () if without is None else (without,)
        token = forge(issuer, changed, header=header(issuer), without=removed, edit=edit, sign=sign)
        return {"headers": [("Authorization", f"Bearer {then(token)}")]}

    return build


def _algorithm(name: str, signature: bytes = b"") -> Build:
    return _token(header=lambda _: {"alg": name}, sign=always(signature))


def _typ(name: str) -> Build:
    return _token(header=lambda _: {"typ": name})


def _kid(name: object) -> Build:
    return _token(header=lambda _: {"kid": name}, sign=by_attacker)


def _claim(name: str, value: Any) -> Build:
    return _token(claims=lambda _: {name: value})


def _time(name: str, seconds: float) -> Build:
    return _token(claims=lambda issuer: {name: int(issuer.clock()) + seconds})


def _confused(form: str) -> Build:
    return _token(header=lambda _: {"alg": "HS256"}, sign=with_public_key_as_secret(form))


def _key_in_jwk(issuer: LocalIssuer) -> Mapping[str, Any]:
    key = attacker_key(issuer.keys[0].algorithm)
    return {"jwk": key.jwk, "kid": key.key_id}


def _key_in_x5c(issuer: LocalIssuer) -> Mapping[str, Any]:
    return {"x5c": [attacker_certificate(issuer.keys[0].algorithm)]}


def _as_admin(genuine: str) -> str:
    """Replace the claims and keep the genuine signature."""
    header, _, signature = genuine.split(".")
    claims = encode(b'{"sub": "admin"}')
    return f"{header}.{claims}.{signature}"


_SIGNATURES: Mapping[str, tuple[str, Build]] = {
    "alg none": ("The token has no signature.", _algorithm("none")),
    "alg None": ("The token has no signature, and an `alg` in other letters.", _algorithm("None")),
    "alg nOnE": ("The token has no signature, and an `alg` in other letters.", _algorithm("nOnE")),
    "alg none, signed": ("`alg` is none although bytes follow.", _algorithm("none", b"any")),
    "alg of nothing": ("`alg` is empty.", _algorithm("", b"any")),
    "no alg": ("The header has no `alg`.", _token(without="alg")),
    "public key as secret, PEM": (
        "The issuer's public key, as PEM, is used as the secret of HS256.",
        _confused("PEM"),
    ),
    "public key as secret, DER": (
        "The issuer's public key, as DER, is used as the secret of HS256.",
        _confused("DER"),
    ),
    "public key as secret, JWK": (
        "The issuer's public key, as JWK, is used as the secret of HS256.",
        _confused("JWK"),
    ),
    "empty secret": (
        "The token is signed by HS256 with an empty key.",
        _token(header=lambda _: {"alg": "HS256"}, sign=always(bytes(32))),
    ),
    "key of the attacker": (
        "The token is signed by another key under the issuer's `kid`.",
        _token(sign=by_attacker),
    ),
    "key of the attacker, no kid": (
        "The token is signed by another key and names none.",
        _token(without="kid", sign=by_attacker),
    ),
    "key in jwk": (
        "The header brings the key that the token is signed by.",
        _token(header=_key_in_jwk, sign=by_attacker),
    ),
    "key in x5c": (
        "The header brings a certificate of the key that the token is signed by.",
        _token(header=_key_in_x5c, sign=by_attacker),
    ),
    "key at jku": (
        "The header names a URL of the attacker's keys.",
        _token(header=lambda _: {"jku": f"{_EVIL}/jwks", "kid": "x"}, sign=by_attacker),
    ),
    "key at x5u": (
        "The header names a URL of the attacker's certificate.",
        _token(header=lambda _: {"x5u": f"{_EVIL}/pem", "kid": "x"}, sign=by_attacker),
    ),
    "kid is a path": ("`kid` is the path of an empty file.", _kid("../../../../dev/null")),
    "kid is a query": ("`kid` contains SQL.", _kid("k1' UNION SELECT 'x' --")),
    "kid is a URL": ("`kid` is a URL of the attacker.", _kid(f"{_EVIL}/jwks")),
    "kid is a list": ("`kid` is no string.", _kid(["k1"])),
    "signature of zeros": ("The signature is zeros.", _token(sign=always(bytes(64)))),
    "signature a byte short": (
        "The last byte of the signature is missing.",
        _token(sign=lambda issuer, message: by_issuer(issuer, message)[:-1]),
    ),
    "signature a byte long": (
        "A byte follows the signature.",
        _token(sign=lambda issuer, message: by_issuer(issuer, message) + b"\0"),
    ),
    "signature of another token": (
        "The signature is genuine, and of other claims.",
        _token(sign=lambda issuer, _: by_issuer(issuer, b"another")),
    ),
    "signature removed": (
        "The third segment of the token is missing.",
        _token(then=lambda token: token.rpartition(".")[0]),
    ),
    "claims replaced": ("Other claims are under a genuine signature.", _token(then=_as_admin)),
    "critical extension": (
        "The header requires an extension that this library does not know.",
        _token(header=lambda _: {"crit": ["exp"]}),
    ),
    "unencoded payload": (
        "The header changes what is signed (RFC 7797).",
        _token(header=lambda _: {"b64": False, "crit": ["b64"]}),
    ),
}

_CLAIMS: Mapping[str, tuple[str, Build]] = {
    "expired": ("The token expired an hour ago.", _time("exp", -3600)),
    "no exp": ("The token never expires.", _token(without="exp")),
    "exp is text": ("`exp` is a string.", _claim("exp", "9999999999")),
    "exp is true": ("`exp` is a boolean.", _claim("exp", value=True)),
    "not yet valid": ("The token is valid in an hour.", _time("nbf", 3600)),
    "issued in the future": ("The token is issued in a day.", _time("iat", 86_400)),
    "other audience": ("The token is for another resource.", _claim("aud", _EVIL)),
    "audience with a suffix": (
        "The audience begins with that of this resource.",
        _token(claims=lambda issuer: {"aud": f"{issuer.audience}.attacker.example"}),
    ),
    "no audience": ("The token is for no resource in particular.", _token(without="aud")),
    "audience of any": ("The audience is an asterisk.", _claim("aud", "*")),
    "other issuer": ("The token is of an issuer that is not trusted.", _claim("iss", _EVIL)),
    "issuer with a suffix": (
        "The issuer's name begins with that of the trusted one.",
        _token(claims=lambda issuer: {"iss": f"{issuer.issuer}.attacker.example"}),
    ),
    "no issuer": ("The token names no issuer.", _token(without="iss")),
    "ID token": (
        "The token says by `token_use` that it is an ID token.",
        _claim("token_use", "id"),
    ),
    "refresh token": (
        "The token says by `typ` that it is a refresh token.",
        _claim("typ", "Refresh"),
    ),
    "logout token": ("The type of the token is that of a logout token.", _typ("logout+jwt")),
    "DPoP proof": ("A proof is sent as a token.", _typ("dpop+jwt")),
    "introspection response": (
        "A signed introspection response is sent as a token (RFC 9701 §8.1).",
        _typ("token-introspection+jwt"),
    ),
    "bound to a key": (
        "A token that was stolen from its owner is sent without a proof of its key.",
        _claim("cnf", {"jkt": "attacker"}),
    ),
    "bound to a certificate": (
        "A token that was stolen from its owner is sent without its certificate.",
        _claim("cnf", {"x5t#S256": "attacker"}),
    ),
    "bound to nothing known": (
        "The token is bound in a way that can't be verified.",
        _claim("cnf", {"attacker": 1}),
    ),
    "duplicate subject": (
        "The claims contain `sub` twice.",
        _token(edit=('"sub":', '"sub": "admin", "sub":')),
    ),
    "duplicate alg": (
        "The header contains `alg` twice.",
        _token(edit=('"alg":', '"alg": "none", "alg":')),
    ),
    "nested too deep": (
        "The claims are nested deeper than a parser's stack.",
        _token(edit=('"iss":', f'"x": {"[" * 5000}{"]" * 5000}, "iss":')),
    ),
    "subject is an object": ("`sub` is no string.", _claim("sub", {"id": "admin"})),
    "four segments": ("A segment follows the token.", _token(then=lambda token: f"{token}.AAAA")),
    "16,000 dots": ("The token has no content.", _token(then=lambda _: "." * 16_000)),
    "20 kB": ("The token is longer than any real one.", _claim("x", "x" * 20_000)),
    "random text": ("The token is made up.", _token(then=lambda _: "f00dfeedf00dfeed")),
}

TOKEN_ATTACKS: Mapping[str, tuple[str, Build]] = {**_SIGNATURES, **_CLAIMS}
"""The name of each attack, its sentence, and what builds it."""
