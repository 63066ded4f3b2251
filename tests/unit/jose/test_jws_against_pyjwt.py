"""Ours is PyJWT and stricter: it takes nothing that PyJWT refuses, and says why it takes less."""

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
from tests.unit.jose.forging import CLAIMS, HEADER, decode, forge, key_for, segment, sign
from tests.unit.jose.unusual_json import ODD_DOCUMENTS
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


def _ours(token: str) -> Mapping[str, Any] | Reason:
    try:
        signed = parse_jws(token)
        _KEYS.verify(signed)
    except InvalidToken as refusal:
        return refusal.reason
    return signed.claims


def _theirs(token: str) -> Mapping[str, Any] | None:
    key = key_for("ES256").private.public_key()
    try:
        claims: Mapping[str, Any] = _PYJWT.decode(token, key, algorithms=sorted(ASYMMETRIC))
    except (jwt.PyJWTError, ValueError):  # ValueError: text that is no UTF-8
        return None
    return claims


@dataclass(frozen=True)
class _Read:
    """A token that PyJWT accepted, as loosely as it reads."""

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


def _not_canonical(read: _Read) -> bool:
    return not set(read.token) <= _BASE64URL | {"."}


def _not_utf8(read: _Read) -> bool:
    return any(json.detect_encoding(document) != "utf-8" for document in read.documents)


def _named_twice(read: _Read) -> bool:
    found: list[bool] = []

    def note(members: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(len(dict(members)) < len(members))
        return dict(members)

    for document in read.documents:
        json.loads(document, object_pairs_hook=note)
    return any(found)


def _odd_number(read: _Read) -> bool:
    found: list[bool] = []
    for document in read.documents:
        json.loads(
            document,
            parse_constant=lambda _: found.append(True),
            parse_int=lambda literal: found.append(len(literal) > 100),
            parse_float=lambda literal: found.append(float(literal) in {1e999, -1e999}),
        )
    return any(found)


def _lone_surrogate(read: _Read) -> bool:
    text = "".join(json.dumps(part, ensure_ascii=False) for part in (read.header, read.claims))
    return any("\ud800" <= character <= "\udfff" for character in text)


def _too_deep(read: _Read) -> bool:
    return any(document.count(b"[") + document.count(b"{") > 32 for document in read.documents)


def _extension(read: _Read) -> bool:
    return bool({"crit", "b64"} & read.header.keys())


def _wrong_type(read: _Read) -> bool:
    texts = {"alg", "typ", "cty", "kid", "jku", "x5u", "x5t", "x5t#S256"}
    kinds: dict[str, type] = {**dict.fromkeys(texts, str), "jwk": dict, "x5c": list}
    return any(not isinstance(read.header.get(name, kind()), kind) for name, kind in kinds.items())


def _replicated_claim(read: _Read) -> bool:
    return any(
        name in read.header and bool(read.header[name] != read.claims.get(name))
        for name in ("iss", "sub", "aud")
    )


def _another_key(read: _Read) -> bool:
    return bool(read.header.get("kid", "ES256") != "ES256")


_REASONS: dict[str, tuple[Reason, Callable[[_Read], bool]]] = {
    "a segment is not canonical base64url": (Reason.MALFORMED_TOKEN, _not_canonical),
    "a document is not UTF-8, or has a byte order mark": (Reason.MALFORMED_TOKEN, _not_utf8),
    "a member is named twice": (Reason.MALFORMED_TOKEN, _named_twice),
    "a number is none, or past the bounds": (Reason.MALFORMED_TOKEN, _odd_number),
    "text holds a lone surrogate": (Reason.MALFORMED_TOKEN, _lone_surrogate),
    "a document is nested too deeply": (Reason.MALFORMED_TOKEN, _too_deep),
    "an extension is marked": (Reason.CRITICAL_HEADER, _extension),
    "a registered parameter has the wrong type": (Reason.MALFORMED_HEADER, _wrong_type),
    "the header repeats a claim otherwise": (Reason.MALFORMED_HEADER, _replicated_claim),
    "kid names a key that PyJWT was not asked to choose": (Reason.UNKNOWN_KEY, _another_key),
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


def _mostly(usual: _T, *odd: _T) -> st.SearchStrategy[_T]:
    """Return a strategy that leaves things as they are, nine times in ten."""
    return st.sampled_from([usual] * 9 * len(odd) + list(odd))


@st.composite
def _written(draw: st.DrawFn, document: Mapping[str, Any], names: list[str]) -> bytes:
    """Draw a document that may be odd in what it says and in how it is written."""
    odd = draw(_mostly(b"", *ODD_DOCUMENTS.values()))
    if odd:
        return odd
    text = json.dumps(draw(_changed(document, names)))
    deep = '{"?":' + "[" * 40 + "]" * 40 + ","
    quirks = {
        "plain": text,
        "twice": text.replace("{", '{"alg":"none","\\u0073ub":"u2",', 1),
        "escaped": text.replace('"a', '"\\u0061'),
        "deep": text.replace("{", deep, 1),
        "spaced": f" \n{text}\t ",
    }
    written = quirks[draw(_mostly(*quirks))]
    return written.encode(draw(_mostly("utf-8", "utf-8-sig", "utf-16", "utf-32-le")))


@st.composite
def _tokens(draw: st.DrawFn) -> str:
    """Draw a token that is mutated here and there, mostly before it is signed."""

    def spell(encoded: str) -> str:
        padded = encoded + "=" * (-len(encoded) % 4)
        odd = ("=", " ", ".", "A", "é")
        ends = (encoded[:-1], encoded[:-1] + "B", "é" + encoded, "")
        return draw(_mostly(encoded, padded, padded, *(encoded + end for end in odd), *ends))

    header = spell(segment(draw(_written(HEADER, _HEADER_NAMES))))
    payload = spell(segment(draw(_written(CLAIMS, _CLAIM_NAMES))))
    signed = draw(_mostly(sign(header, payload), forge()))
    return f"{header}.{payload}.{spell(signed.rpartition('.')[2])}"


@BOUNDED
@given(token=_tokens())
def test_ours_takes_less_and_reads_the_same(token: str) -> None:
    """What ours takes, PyJWT takes with the same claims; what ours alone refuses has a reason."""
    ours, theirs = _ours(token), _theirs(token)
    if not isinstance(ours, Reason):
        assert theirs == ours
    elif theirs is not None:
        named = [kind for kind, (_, holds) in _REASONS.items() if holds(_Read(token))]
        assert ours in {_REASONS[kind][0] for kind in named}, (named, token)


_TOO_DEEP = {**CLAIMS, "a": json.loads("[" * 40 + "]" * 40)}


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        ("a segment is not canonical base64url", forge() + "=="),
        (
            "a document is not UTF-8, or has a byte order mark",
            forge(claims=json.dumps(CLAIMS).encode("utf-16")),
        ),
        ("a member is named twice", forge(claims=b'{"sub":"u1","sub":"u2"}')),
        ("a number is none, or past the bounds", forge(claims={**CLAIMS, "a": float("nan")})),
        ("text holds a lone surrogate", forge(claims={**CLAIMS, "a": "\ud800"})),
        ("a document is nested too deeply", forge(claims=_TOO_DEEP)),
        ("an extension is marked", forge({**HEADER, "b64": True})),
        ("a registered parameter has the wrong type", forge({**HEADER, "typ": ["at+jwt"]})),
        ("the header repeats a claim otherwise", forge({**HEADER, "iss": "https://evil.example"})),
        ("kid names a key that PyJWT was not asked to choose", forge({**HEADER, "kid": "k9"})),
    ],
)
def test_a_named_reason_refuses(kind: str, token: str) -> None:
    """Each reason stands for tokens that ours refuses by it, well signed as they are."""
    reason, holds = _REASONS[kind]
    assert holds(_Read(token))
    assert _ours(token) is reason


def test_a_good_token_has_no_reason() -> None:
    """No reason holds of a token that both take."""
    assert _ours(forge()) == _theirs(forge()) == CLAIMS
    assert not [kind for kind, (_, holds) in _REASONS.items() if holds(_Read(forge()))]
