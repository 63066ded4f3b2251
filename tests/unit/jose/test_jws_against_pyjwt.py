"""Our parser accepts no token that PyJWT rejects, and has a reason for each that it rejects."""

import json
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.algorithms import ASYMMETRIC
from oauth_guard.jose.jwk import import_key
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.key_set import KeySet
from tests.unit.jose.ambiguous_json import AMBIGUOUS_DOCUMENTS
from tests.unit.jose.forging import CLAIMS, HEADER, decode, forge, key_for, segment, sign
from tests.unit.protocol.properties import BOUNDED

_KEYS = KeySet((import_key(key_for("ES256").jwk),))
_PYJWT = jwt.PyJWT(
    {
        "verify_aud": False,
        "verify_exp": False,
        "verify_iat": False,
        "verify_iss": False,
        "verify_jti": False,
        "verify_nbf": False,
        "verify_sub": False,
    }
)
_T = TypeVar("_T")
_BASE64URL = {*string.ascii_letters, *string.digits, *"-_"}


def _with_ours(token: str) -> Mapping[str, Any] | Reason:
    try:
        signed = parse_jws(token)
        _KEYS.verify(signed)
    except InvalidToken as error:
        return error.reason
    return signed.claims


def _with_pyjwt(token: str) -> Mapping[str, Any] | None:
    key = key_for("ES256").private.public_key()
    try:
        claims: Mapping[str, Any] = _PYJWT.decode(token, key, algorithms=sorted(ASYMMETRIC))
    except (jwt.PyJWTError, ValueError):  # ValueError: a segment is not UTF-8
        return None
    return claims


@dataclass(frozen=True)
class _Accepted:
    """A token that PyJWT accepted, decoded as leniently as PyJWT decodes it."""

    token: str

    @property
    def documents(self) -> list[bytes]:
        return [decode(part.rstrip("=")) for part in self.token.split(".")[:2]]

    @property
    def header(self) -> dict[str, Any]:
        header: dict[str, Any] = json.loads(self.documents[0])
        return header

    @property
    def claims(self) -> dict[str, Any]:
        claims: dict[str, Any] = json.loads(self.documents[1])
        return claims


def _not_canonical(accepted: _Accepted) -> bool:
    return not set(accepted.token) <= _BASE64URL | {"."}


def _not_utf8(accepted: _Accepted) -> bool:
    return any(json.detect_encoding(document) != "utf-8" for document in accepted.documents)


def _duplicate_member(accepted: _Accepted) -> bool:
    found: list[bool] = []

    def record(members: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(len(dict(members)) < len(members))
        return dict(members)

    for document in accepted.documents:
        json.loads(document, object_pairs_hook=record)
    return any(found)


def _unbounded_number(accepted: _Accepted) -> bool:
    found: list[bool] = []
    for document in accepted.documents:
        json.loads(
            document,
            parse_constant=lambda _: found.append(True),
            parse_int=lambda literal: found.append(len(literal) > 100),
            parse_float=lambda literal: found.append(float(literal) in {1e999, -1e999}),
        )
    return any(found)


def _lone_surrogate(accepted: _Accepted) -> bool:
    text = "".join(
        json.dumps(part, ensure_ascii=False) for part in (accepted.header, accepted.claims)
    )
    return any("\ud800" <= character <= "\udfff" for character in text)


def _too_deep(accepted: _Accepted) -> bool:
    return any(document.count(b"[") + document.count(b"{") > 32 for document in accepted.documents)


def _extension(accepted: _Accepted) -> bool:
    return bool({"crit", "b64"} & accepted.header.keys())


def _wrong_type(accepted: _Accepted) -> bool:
    strings = {"alg", "typ", "cty", "kid", "jku", "x5u", "x5t", "x5t#S256"}
    types: dict[str, type] = {**dict.fromkeys(strings, str), "jwk": dict, "x5c": list}
    return any(
        not isinstance(accepted.header.get(name, kind()), kind) for name, kind in types.items()
    )


def _replicated_claim(accepted: _Accepted) -> bool:
    return any(
        name in accepted.header and bool(accepted.header[name] != accepted.claims.get(name))
        for name in ("iss", "sub", "aud")
    )


def _another_key(accepted: _Accepted) -> bool:
    return bool(accepted.header.get("kid", "ES256") != "ES256")


_DIFFERENCES: dict[str, tuple[Reason, Callable[[_Accepted], bool]]] = {
    "a segment is not canonical base64url": (Reason.MALFORMED_TOKEN, _not_canonical),
    "a document is not UTF-8, or has a byte order mark": (Reason.MALFORMED_TOKEN, _not_utf8),
    "a member is duplicated": (Reason.MALFORMED_TOKEN, _duplicate_member),
    "a number is not finite, or has over 100 digits": (Reason.MALFORMED_TOKEN, _unbounded_number),
    "a string has a lone surrogate": (Reason.MALFORMED_TOKEN, _lone_surrogate),
    "a document is nested too deeply": (Reason.MALFORMED_TOKEN, _too_deep),
    "the header names an extension": (Reason.CRITICAL_HEADER, _extension),
    "a registered parameter has the wrong type": (Reason.MALFORMED_HEADER, _wrong_type),
    "the header replicates a claim with another value": (
        Reason.MALFORMED_HEADER,
        _replicated_claim,
    ),
    "kid names another key, which PyJWT does not compare": (Reason.UNKNOWN_KEY, _another_key),
}

_VALUES = st.sampled_from(
    [
        *("ES256", "at+jwt", "u1", "\ud800", "é", ["ES256"], [], {}, {"a": 1}, None, True, 0, -1),
        *(1.5, 10**99, 10**101, float("nan"), float("inf"), ["exp"], ["b64"]),
    ]
)
_HEADER_NAMES = ["alg", "kid", "typ", "cty", "crit", "b64", "jwk", "x5c", "jku", "iss", "aud", "?"]
_CLAIM_NAMES = ["iss", "aud", "sub", "exp", "scope", "?"]


def _changed(document: Mapping[str, Any], names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    changes = st.dictionaries(st.sampled_from(names), _VALUES, max_size=2)
    return changes.map(lambda change: {**document, **change})


def _mostly(default: _T, *variants: _T) -> st.SearchStrategy[_T]:
    """Return a strategy that draws *default* nine times in ten."""
    return st.sampled_from([default] * 9 * len(variants) + list(variants))


@st.composite
def _written(draw: st.DrawFn, document: Mapping[str, Any], names: list[str]) -> bytes:
    """Draw a document that may have other members, or another encoding."""
    ambiguous = draw(_mostly(b"", *AMBIGUOUS_DOCUMENTS.values()))
    if ambiguous:
        return ambiguous
    text = json.dumps(draw(_changed(document, names)))
    deep = '{"?":' + "[" * 40 + "]" * 40 + ","
    variants = {
        "plain": text,
        "duplicate": text.replace("{", '{"alg":"none","\\u0073ub":"u2",', 1),
        "escaped": text.replace('"a', '"\\u0061'),
        "deep": text.replace("{", deep, 1),
        "spaced": f" \n{text}\t ",
    }
    written = variants[draw(_mostly(*variants))]
    return written.encode(draw(_mostly("utf-8", "utf-8-sig", "utf-16", "utf-32-le")))


@st.composite
def _tokens(draw: st.DrawFn) -> str:
    """Draw a token with few mutations, most of them made before it is signed."""

    def respell(encoded: str) -> str:
        padded = encoded + "=" * (-len(encoded) % 4)
        suffixes = ("=", " ", ".", "A", "é")
        ends = (encoded[:-1], encoded[:-1] + "B", "é" + encoded, "")
        return draw(_mostly(encoded, padded, padded, *(encoded + end for end in suffixes), *ends))

    header = respell(segment(draw(_written(HEADER, _HEADER_NAMES))))
    payload = respell(segment(draw(_written(CLAIMS, _CLAIM_NAMES))))
    signed = draw(_mostly(sign(header, payload), forge()))
    return f"{header}.{payload}.{respell(signed.rpartition('.')[2])}"


@BOUNDED
@given(token=_tokens())
def test_accepted_token_has_the_claims_that_pyjwt_reads(token: str) -> None:
    """A token that only our parser rejects is rejected for one of the documented differences."""
    ours, pyjwt = _with_ours(token), _with_pyjwt(token)
    if not isinstance(ours, Reason):
        assert pyjwt == ours
    elif pyjwt is not None:
        found = [kind for kind, (_, applies) in _DIFFERENCES.items() if applies(_Accepted(token))]
        assert ours in {_DIFFERENCES[kind][0] for kind in found}, (found, token)


_TOO_DEEP = {**CLAIMS, "a": json.loads("[" * 40 + "]" * 40)}


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        ("a segment is not canonical base64url", forge() + "=="),
        (
            "a document is not UTF-8, or has a byte order mark",
            forge(claims=json.dumps(CLAIMS).encode("utf-16")),
        ),
        ("a member is duplicated", forge(claims=b'{"sub":"u1","sub":"u2"}')),
        (
            "a number is not finite, or has over 100 digits",
            forge(claims={**CLAIMS, "a": float("nan")}),
        ),
        ("a string has a lone surrogate", forge(claims={**CLAIMS, "a": "\ud800"})),
        ("a document is nested too deeply", forge(claims=_TOO_DEEP)),
        ("the header names an extension", forge({**HEADER, "b64": True})),
        ("a registered parameter has the wrong type", forge({**HEADER, "typ": ["at+jwt"]})),
        (
            "the header replicates a claim with another value",
            forge({**HEADER, "iss": "https://evil.example"}),
        ),
        ("kid names another key, which PyJWT does not compare", forge({**HEADER, "kid": "k9"})),
    ],
)
def test_token_with_a_documented_difference_is_rejected(kind: str, token: str) -> None:
    """The signature of each token is valid."""
    reason, applies = _DIFFERENCES[kind]
    assert applies(_Accepted(token))
    assert _with_ours(token) is reason


def test_token_that_both_accept_has_no_documented_difference() -> None:
    """The predicates are false for a plain token."""
    assert _with_ours(forge()) == _with_pyjwt(forge()) == CLAIMS
    assert not [kind for kind, (_, applies) in _DIFFERENCES.items() if applies(_Accepted(forge()))]
