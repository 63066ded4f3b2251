"""A compact JWS is taken apart in one way, or not at all."""

import string
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWS, JWSHeader, parse_jws
from tests.unit.jose.forging import CLAIMS, HEADER, decode, forge, segment, sign
from tests.unit.jose.unusual_json import ODD_DOCUMENTS
from tests.unit.protocol.properties import BOUNDED

_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"

# Both leave two characters in the last group, as a signature of 64 bytes does.
_HEADER = segment(b'{"alg":"ES256","typ":"at+jwt"}\n')
_PAYLOAD = segment(b'{"iss":"https://as.example.com"}\r\n')

_SPELLINGS: dict[str, Callable[[str], str]] = {
    "padded": lambda encoded: encoded + "==",
    "padded too little": lambda encoded: encoded + "=",
    "padded too much": lambda encoded: encoded + "===",
    "a space before": lambda encoded: " " + encoded,
    "a space behind": lambda encoded: encoded + " ",
    "a line break inside": lambda encoded: encoded[:4] + "\n" + encoded[4:],
    "unused bits that are not zero": lambda encoded: (
        encoded[:-1] + _ALPHABET[_ALPHABET.index(encoded[-1]) + 1]
    ),
    "a character too few": lambda encoded: encoded[:-1],
    "one character alone": lambda _: "A",
    "+ of the other alphabet": lambda encoded: encoded[:2] + "+" + encoded[3:],
    "/ of the other alphabet": lambda encoded: encoded[:2] + "/" + encoded[3:],
    "a tilde": lambda encoded: encoded + "~AA",
    "four tildes": lambda encoded: encoded[:4] + "~~~~" + encoded[4:],
    "four of the other alphabet": lambda encoded: encoded[:4] + "+/+/" + encoded[4:],
    "a percent escape": lambda encoded: encoded[:-1] + f"%{ord(encoded[-1]):02x}",
    "a NUL": lambda encoded: encoded + "\0",
    "a letter outside ASCII": lambda encoded: encoded + "éé",
    "a lone surrogate": lambda encoded: encoded + "\ud800",
    "full-width letters": lambda encoded: encoded + "\uff21\uff21",
    "nothing": lambda _: "",
}
_MEMBER_TYPES: dict[str, list[Any]] = {
    "alg": [None, 5, True, [], ["ES256"], {}],
    "kid": [None, 5, True, [], ["k1"], {"a": 1}],
    "typ": [None, 5, True, [], ["at+jwt"], {}],
    "cty": [None, 5],
    "jku": [None, ["https://evil.example"]],
    "x5u": [None, 5],
    "x5t": [None, 5],
    "x5t#S256": [None, 5],
    "jwk": [None, "{}", []],
    "x5c": [None, "MII", {}],
}
_CRITS: list[Any] = [[], ["exp"], ["alg"], ["x"], "exp", None, True, {}, [5]]
_EXTENSIONS: list[dict[str, Any]] = [
    *({"crit": crit} for crit in _CRITS),
    {"crit": ["exp-x"], "exp-x": 1},
    {"crit": ["b64"], "b64": False},
    {"crit": ["b64"], "b64": True},
    {"b64": False},
    {"b64": True},
    {"b64": None},
]


def _refusal(token: str) -> Reason:
    with pytest.raises(InvalidToken) as caught:
        parse_jws(token)
    return caught.value.reason


@pytest.mark.parametrize("spell", _SPELLINGS.values(), ids=_SPELLINGS)
@pytest.mark.parametrize("odd", [0, 1, 2], ids=["header", "payload", "signature"])
def test_a_segment_has_one_spelling(spell: Callable[[str], str], odd: int) -> None:
    """Each segment is canonical base64url, even where the signature covers another spelling."""
    segments = [_HEADER, _PAYLOAD]
    if odd < len(segments):
        segments[odd] = spell(segments[odd])
        signature = sign(_HEADER, _PAYLOAD).rpartition(".")[2]
    else:
        signature = spell(sign(_HEADER, _PAYLOAD).rpartition(".")[2])
    assert _refusal(".".join([*segments, signature])) is Reason.MALFORMED_TOKEN


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param("", Reason.MALFORMED_TOKEN, id="nothing"),
        pytest.param("abc", Reason.MALFORMED_TOKEN, id="one segment"),
        pytest.param(f"{_HEADER}.{_PAYLOAD}", Reason.MALFORMED_TOKEN, id="two segments"),
        pytest.param(f"{_HEADER}.{_PAYLOAD}.", Reason.MALFORMED_TOKEN, id="no signature"),
        pytest.param("..", Reason.MALFORMED_TOKEN, id="three empty segments"),
        pytest.param(forge() + ".AA", Reason.MALFORMED_TOKEN, id="four segments"),
        pytest.param("." + forge(), Reason.MALFORMED_TOKEN, id="an empty segment before"),
        pytest.param(forge() + ".AA.AA", Reason.ENCRYPTED_TOKEN, id="five segments"),
        pytest.param("....", Reason.ENCRYPTED_TOKEN, id="five empty segments"),
        pytest.param(forge() + ".AA.AA.AA", Reason.MALFORMED_TOKEN, id="six segments"),
        pytest.param("." * 16_000, Reason.MALFORMED_TOKEN, id="dots alone"),
        pytest.param('{"payload":"e30"}', Reason.MALFORMED_TOKEN, id="the JSON serialization"),
        pytest.param(forge(claims=forge().encode()), Reason.MALFORMED_TOKEN, id="a nested token"),
        pytest.param(forge(claims=b""), Reason.MALFORMED_TOKEN, id="a detached payload"),
        pytest.param(
            forge({**HEADER, "enc": "A256GCM"}) + "..", Reason.ENCRYPTED_TOKEN, id="a JWE's header"
        ),
    ],
)
def test_a_token_has_three_segments(token: str, reason: Reason) -> None:
    """Anything but header, payload and signature is refused; five segments are told apart."""
    assert _refusal(token) is reason


@pytest.mark.parametrize("document", ODD_DOCUMENTS.values(), ids=ODD_DOCUMENTS)
def test_header_and_claims_are_strict_json(document: bytes) -> None:
    """Odd JSON is refused in either place, however well it is signed."""
    assert _refusal(forge(header=document)) is Reason.MALFORMED_TOKEN
    assert _refusal(forge(claims=document)) is Reason.MALFORMED_TOKEN


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in _MEMBER_TYPES.items() for value in values],
    ids=repr,
)
def test_a_registered_parameter_has_its_type(name: str, value: Any) -> None:
    """A parameter of the wrong JSON type makes the token invalid."""
    assert _refusal(forge({**HEADER, name: value})) is Reason.MALFORMED_HEADER


def test_alg_is_required() -> None:
    """A header that names no algorithm is refused."""
    assert _refusal(forge({"typ": "at+jwt"})) is Reason.MALFORMED_HEADER


@pytest.mark.parametrize("members", _EXTENSIONS, ids=repr)
def test_no_extension_is_understood(members: dict[str, Any]) -> None:
    """`crit` and `b64` refuse whatever their value, malformed or not."""
    assert _refusal(forge({**HEADER, **members})) is Reason.CRITICAL_HEADER


def test_the_crit_vector_is_refused() -> None:
    """The example of RFC 7515 appendix E, whose payload is no JSON besides."""
    token = (
        "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5pbnZhbGlkL1VOREVGSU5FRCJdLA0K"
        "ICJodHRwOi8vZXhhbXBsZS5pbnZhbGlkL1VOREVGSU5FRCI6dHJ1ZQ0KfQ.RkFJTA."
    )
    assert _refusal(token) is Reason.CRITICAL_HEADER


@pytest.mark.parametrize("name", ["iss", "sub", "aud"])
@pytest.mark.parametrize("value", ["https://evil.example", None, 5, ["u1"], {}], ids=repr)
def test_a_claim_in_the_header_equals_the_payloads(name: str, value: Any) -> None:
    """A claim that the header repeats with another value refuses the token."""
    assert _refusal(forge({**HEADER, name: value})) is Reason.MALFORMED_HEADER


@pytest.mark.parametrize(
    ("header", "read"),
    [
        pytest.param(HEADER, JWSHeader("ES256", "at+jwt", "ES256"), id="all three"),
        pytest.param({"alg": "none"}, JWSHeader("none", None, None), id="alg alone"),
        pytest.param({"alg": ""}, JWSHeader("", None, None), id="an empty alg"),
        pytest.param(
            {"alg": "x", "foo": {"a": 1}, "jwk": {}, "jku": "https://evil.example", "x5c": []},
            JWSHeader("x", None, None),
            id="what is not understood, and keys it brings",
        ),
        pytest.param(
            {"alg": "x", "iss": CLAIMS["iss"], "sub": "u1"},
            JWSHeader("x", None, None),
            id="claims",
        ),
    ],
)
def test_what_decides_is_read(header: dict[str, Any], read: JWSHeader) -> None:
    """The header's three deciding parameters, the claims, and what was signed, to the byte."""
    token = forge(header)
    signed = parse_jws(token)
    signing_input, _, signature = token.rpartition(".")
    assert signed == JWS(read, CLAIMS, signing_input.encode(), decode(signature))


@BOUNDED
@example(token="\ud800.\ud800.\ud800")
@given(
    token=st.text()
    | st.lists(st.binary() | st.just(b"{}"), max_size=6).map(
        lambda parts: ".".join(map(segment, parts))
    )
)
def test_any_text_is_a_token_or_refused(token: str) -> None:
    """Nothing but `InvalidToken` comes out of text that is no token."""
    with suppress(InvalidToken):
        assert isinstance(parse_jws(token), JWS)
