"""Attacks by the signature: algorithm, key, signature, and the header that names them."""

import json

from oauth_guard.errors import Reason
from tests.acceptance.attacks.attack import SECRET, Attack, token, with_shared_secret
from tests.acceptance.attacks.forgery import (
    CURVE_ORDER,
    always,
    attacker_certificate,
    attacker_key,
    by,
    by_k1,
    by_k1_as_der,
    encode,
    public_k2,
    with_secret,
)
from tests.acceptance.standards.api import ISSUER, signing_keys

EVIL = "https://evil.example"
FORGED_JWK = attacker_key().jwk | {"kid": "evil"}


def _with_admin(genuine: str) -> str:
    """Replace the claims and keep the genuine signature."""
    header, _, signature = genuine.split(".")
    return f"{header}.{encode(json.dumps({'iss': ISSUER, 'sub': 'admin'}).encode())}.{signature}"


def _retyped(genuine: str) -> str:
    """Return the same signature with other spare bits in its last character."""
    return genuine[:-1] + chr(ord(genuine[-1]) + 1)


R = Reason
ON_SIGNATURES: dict[str, Attack] = {
    # Algorithms
    "no algorithm, no signature": token(
        R.ALGORITHM_NOT_ALLOWED, header={"alg": "none"}, sign=always(b"")
    ),
    **{
        f"algorithm {alg!r}": token(
            R.ALGORITHM_NOT_ALLOWED, header={"alg": alg}, sign=always(b"any")
        )
        for alg in ("none", "None", "NONE", "nOnE", "none ", "", "es256", "ES256K", "ES256\0")
    },
    "no alg member": token(R.MALFORMED_HEADER, without=["alg"]),
    "alg is a list": token(R.MALFORMED_HEADER, header={"alg": ["none", "ES256"]}),
    **{
        f"public key as a secret, as {form}": token(
            R.ALGORITHM_NOT_ALLOWED,
            header={"alg": "HS256", "kid": "k2"},
            sign=with_secret(public_k2(form)),
        )
        for form in ("PEM", "DER", "JWK", "modulus")
    },
    "published key as the shared secret": token(R.ALGORITHM_NOT_ALLOWED, api=with_shared_secret),
    **{
        f"secret is {name}": token(
            R.BAD_SIGNATURE,
            header={"alg": "HS256", "kid": "shared"},
            sign=with_secret(secret),
            api=with_shared_secret,
        )
        for name, secret in {
            "nothing": b"",
            "zeros": bytes(32),
            "its first half": SECRET[:16],
            "the issuer's public key": public_k2("PEM"),
        }.items()
    },
    "secret for another hash": token(
        R.ALGORITHM_NOT_ALLOWED,
        header={"alg": "HS512"},
        sign=with_secret(SECRET),
        api=with_shared_secret,
    ),
    "algorithm not allowed for the issuer": token(
        R.ALGORITHM_NOT_ALLOWED, header={"alg": "PS256", "kid": "k2"}
    ),
    "algorithm does not fit the key": token(
        R.UNKNOWN_KEY, header={"alg": "RS256"}, sign=by(signing_keys()[1])
    ),
    # Keys
    "attacker's key with the issuer's kid": token(R.BAD_SIGNATURE, sign=by(attacker_key())),
    "attacker's key without kid": token(R.BAD_SIGNATURE, without=["kid"], sign=by(attacker_key())),
    "key in jwk": token(
        R.BAD_SIGNATURE, header={"jwk": attacker_key().jwk}, sign=by(attacker_key())
    ),
    "key in jwk with its own kid": token(
        R.UNKNOWN_KEY, header={"jwk": FORGED_JWK, "kid": "evil"}, sign=by(attacker_key())
    ),
    "key in x5c": token(
        R.BAD_SIGNATURE, header={"x5c": [attacker_certificate()]}, sign=by(attacker_key())
    ),
    **{
        f"key at {name}": token(
            R.UNKNOWN_KEY, header={name: f"{EVIL}/jwks", "kid": "evil"}, sign=by(attacker_key())
        )
        for name in ("jku", "x5u")
    },
    **{
        f"kid {name}": token(R.UNKNOWN_KEY, header={"kid": kid}, sign=with_secret(b""))
        for name, kid in {
            "of a path": "../../../../dev/null",
            "of a query": "k1' UNION SELECT 'evil' --",
            "of a URL": f"{EVIL}/jwks",
            "of 10 kB": "k" * 10_000,
            "of another case": "K1",
            "with a NUL": "k1\0",
            "of nothing": "",
        }.items()
    },
    **{f"kid {kid!r}": token(R.MALFORMED_HEADER, header={"kid": kid}) for kid in (None, 1, ["k1"])},
    # Signatures
    **{
        f"signature {name}": token(R.BAD_SIGNATURE, sign=sign)
        for name, sign in {
            "of zeros": always(bytes(64)),
            "of the curve's order": always(CURVE_ORDER.to_bytes(32, "big") * 2),
            "in DER": by_k1_as_der,
            "a byte short": lambda message: by_k1(message)[:-1],
            "a byte long": lambda message: by_k1(message) + b"\0",
            "of another token": always(by_k1(b"another")),
        }.items()
    },
    "signature removed": token(R.MALFORMED_TOKEN, sign=always(b"")),
    "signature and its dot removed": token(
        R.MALFORMED_TOKEN, then=lambda text: text.rpartition(".")[0]
    ),
    "signature with other spare bits": token(R.MALFORMED_TOKEN, then=_retyped),
    "signature with invalid characters": token(
        R.MALFORMED_TOKEN, then=lambda text: f"{text[:-8]}~~~~{text[-8:]}"
    ),
    "signature with padding": token(R.MALFORMED_TOKEN, then=lambda text: f"{text}=="),
    "other claims under a genuine signature": token(R.MISSING_CLAIM, then=_with_admin),
    # Header parameters that change what is signed
    **{
        f"critical {crit!r}": token(R.CRITICAL_HEADER, header={"crit": crit})
        for crit in (["evil"], ["exp"], [], None, "b64")
    },
    "unencoded payload": token(R.CRITICAL_HEADER, header={"b64": False, "crit": ["b64"]}),
    "b64 with its default value": token(R.CRITICAL_HEADER, header={"b64": True}),
    "issuer in the header, another in the claims": token(R.MALFORMED_HEADER, header={"iss": EVIL}),
}
