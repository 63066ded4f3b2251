"""A compact JWS is parsed strictly; any other form is rejected."""

import string
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWS, JWSHeader, parse_jws
from tests.unit.jose.ambiguous_json import AMBIGUOUS_DOCUMENTS
from tests.unit.jose.forging import CLAIMS, HEADER, decode, forge, segment, sign
from tests.unit.protocol.properties import BOUNDED

_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"

# In both, the last base64 group has two characters, as in a signature of 64 bytes.
_HEADER = segment(b'{"alg":"ES256","typ":"at+jwt"}\n')
_PAYLOAD = segment(b'{"iss":"https://as.example.com"}\r\n')

_NON_CANONICAL: dict[str, Callable[[str], str]] = {
    "padded with two characters": lambda encoded: encoded + "==",
    "padded with one character": lambda encoded: encoded + "=",
    "padded with three characters": lambda encoded: encoded + "===",
    "a space before": lambda encoded: " " + encoded,
    "a space after": lambda encoded: encoded + " ",
    "a line break inside": lambda encoded: encoded[:4] + "\n" + encoded[4:],
    "unused bits that are not zero": lambda encoded: (
        encoded[:-1] + _ALPHABET[_ALPHABET.index(encoded[-1]) + 1]
    ),
    "the last character missing": lambda encoded: encoded[:-1],
    "one character alone": lambda _: "A",
    "+ of the base64 alphabet": lambda encoded: encoded[:2] + "+" + encoded[3:],
    "/ of the base64 alphabet": lambda encoded: encoded[:2] + "/" + encoded[3:],
    "a tilde": lambda encoded: encoded + "~AA",
    "four tildes": lambda encoded: encoded[:4] + "~~~~" + encoded[4:],
    "four of the base64 alphabet": lambda encoded: encoded[:4] + "+/+/" + encoded[4:],
    "a percent escape": lambda encoded: encoded[:-1] + f"%{ord(encoded[-1]):02x}",
    "a NUL": lambda encoded: encoded + "\0",
    "a letter outside ASCII": lambda encoded: encoded + "éé",
    "a lone surrogate": lambda encoded: encoded + "\ud800",
    "full-width letters": lambda encoded: encoded + "\uff21\uff21",
    "an empty segment": lambda _: "",
}
_MEMBER_TYPES: dict[str, list[Any]] = {
    "alg": [None, 5, True, [], ["ES256"], {}],
    "kid": [None, 5, True, [], ["k1"], {"a": 1}],
    "typ": [None, 5, True, [], ["at+jwt"], {}],
    "cty": [5],
    "jku": [["https://evil.example"]],
    "x5u": [5],
    "x5t": [5],
    "x5t#S256": [5],
    "jwk": ["{}", []],
    "x5c": ["MII", {}],
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


def _rejection_reason(token: str) -> Reason:
    with pytest.raises(InvalidToken) as caught:
        parse_jws(token)
    return caught.value.reason


@pytest.mark.parametrize("respell", _NON_CANONICAL.values(), ids=_NON_CANONICAL)
@pytest.mark.parametrize("changed", [0, 1, 2], ids=["header", "payload", "signature"])
def test_jws_with_a_non_canonical_segment_is_rejected(
    respell: Callable[[str], str], changed: int
) -> None:
    """Each segment has one accepted encoding: base64url without padding, unused bits zero."""
    segments = [_HEADER, _PAYLOAD]
    if changed < len(segments):
        segments[changed] = respell(segments[changed])
        signature = sign(_HEADER, _PAYLOAD).rpartition(".")[2]
    else:
        signature = respell(sign(_HEADER, _PAYLOAD).rpartition(".")[2])
    assert _rejection_reason(".".join([*segments, signature])) is Reason.MALFORMED_TOKEN


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param("", Reason.MALFORMED_TOKEN, id="an empty string"),
        pytest.param("abc", Reason.MALFORMED_TOKEN, id="one segment"),
        pytest.param(f"{_HEADER}.{_PAYLOAD}", Reason.MALFORMED_TOKEN, id="two segments"),
        pytest.param(
            f"{segment({'crit': []})}.{_PAYLOAD}", Reason.MALFORMED_TOKEN, id="critical header"
        ),
        pytest.param(f"{_HEADER}.{_PAYLOAD}.", Reason.MALFORMED_TOKEN, id="no signature"),
        pytest.param("..", Reason.MALFORMED_TOKEN, id="three empty segments"),
        pytest.param(forge() + ".AA", Reason.MALFORMED_TOKEN, id="four segments"),
        pytest.param("." + forge(), Reason.MALFORMED_TOKEN, id="an empty segment first"),
        pytest.param(forge() + ".AA.AA", Reason.ENCRYPTED_TOKEN, id="five segments"),
        pytest.param("....", Reason.ENCRYPTED_TOKEN, id="five empty segments"),
        pytest.param(forge() + ".AA.AA.AA", Reason.MALFORMED_TOKEN, id="six segments"),
        pytest.param("." * 16_000, Reason.MALFORMED_TOKEN, id="only dots"),
        pytest.param('{"payload":"e30"}', Reason.MALFORMED_TOKEN, id="the JSON serialization"),
        pytest.param(forge(claims=forge().encode()), Reason.MALFORMED_TOKEN, id="a nested token"),
        pytest.param(forge(claims=b""), Reason.MALFORMED_TOKEN, id="a detached payload"),
        pytest.param(
            forge({**HEADER, "enc": "A256GCM"}) + "..",
            Reason.ENCRYPTED_TOKEN,
            id="the header of a JWE",
        ),
    ],
)
def test_token_without_exactly_three_segments_is_rejected(token: str, reason: Reason) -> None:
    """Five segments have a reason of their own, since that is the form of a JWE."""
    assert _rejection_reason(token) is reason


@pytest.mark.parametrize("document", AMBIGUOUS_DOCUMENTS.values(), ids=AMBIGUOUS_DOCUMENTS)
def test_jws_with_ambiguous_json_is_rejected(document: bytes) -> None:
    """This holds for header and payload, although the signature is valid."""
    assert _rejection_reason(forge(header=document)) is Reason.MALFORMED_TOKEN
    assert _rejection_reason(forge(claims=document)) is Reason.MALFORMED_TOKEN


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in _MEMBER_TYPES.items() for value in values],
    ids=repr,
)
def test_registered_header_parameter_of_wrong_type_is_rejected(name: str, value: Any) -> None:
    """The types are those of RFC 7515 §4.1."""
    assert _rejection_reason(forge({**HEADER, name: value})) is Reason.MALFORMED_HEADER


@pytest.mark.parametrize("name", ["cty", "jku", "x5u", "x5t", "x5t#S256", "jwk", "x5c"])
def test_null_counts_as_absent_in_a_header_parameter_that_is_not_used(name: str) -> None:
    """Serializers write null for a parameter that is not set."""
    assert parse_jws(forge({**HEADER, name: None})).header == parse_jws(forge()).header


def test_header_without_alg_is_rejected() -> None:
    """`alg` is required (RFC 7515 §4.1.1)."""
    assert _rejection_reason(forge({"typ": "at+jwt"})) is Reason.MALFORMED_HEADER


@pytest.mark.parametrize("members", _EXTENSIONS, ids=repr)
def test_header_with_crit_or_b64_is_rejected(members: dict[str, Any]) -> None:
    """No extension is supported, so the value makes no difference."""
    assert _rejection_reason(forge({**HEADER, **members})) is Reason.CRITICAL_HEADER


def test_crit_example_of_rfc_7515_is_rejected() -> None:
    """It is the example of appendix E; its payload is not JSON either."""
    token = (
        "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5pbnZhbGlkL1VOREVGSU5FRCJdLA0K"
        "ICJodHRwOi8vZXhhbXBsZS5pbnZhbGlkL1VOREVGSU5FRCI6dHJ1ZQ0KfQ.RkFJTA."
    )
    assert _rejection_reason(token) is Reason.CRITICAL_HEADER


@pytest.mark.parametrize("name", ["iss", "sub", "aud"])
@pytest.mark.parametrize("value", ["https://evil.example", None, 5, ["u1"], {}], ids=repr)
def test_claim_replicated_in_the_header_with_another_value_is_rejected(
    name: str, value: Any
) -> None:
    """The header may replicate claims of the payload with equal values (RFC 7519 §5.3)."""
    assert _rejection_reason(forge({**HEADER, name: value})) is Reason.MALFORMED_HEADER


@pytest.mark.parametrize(
    ("header", "parsed"),
    [
        pytest.param(HEADER, JWSHeader("ES256", "at+jwt", "ES256"), id="alg, typ and kid"),
        pytest.param({"alg": "none"}, JWSHeader("none", None, None), id="only alg"),
        pytest.param({"alg": ""}, JWSHeader("", None, None), id="an empty alg"),
        pytest.param(
            {"alg": "x", "foo": {"a": 1}, "jwk": {}, "jku": "https://evil.example", "x5c": []},
            JWSHeader("x", None, None),
            id="unknown parameters and embedded keys",
        ),
        pytest.param(
            {"alg": "x", "iss": CLAIMS["iss"], "sub": "u1"},
            JWSHeader("x", None, None),
            id="claims",
        ),
    ],
)
def test_valid_jws_is_parsed_to_header_claims_signing_input_and_signature(
    header: dict[str, Any], parsed: JWSHeader
) -> None:
    """Of the header, `alg`, `typ` and `kid` are kept; the signing input is kept byte for byte."""
    token = forge(header)
    signed = parse_jws(token)
    signing_input, _, signature = token.rpartition(".")
    assert signed == JWS(parsed, CLAIMS, signing_input.encode(), decode(signature))


@BOUNDED
@example(token="\ud800.\ud800.\ud800")
@given(
    token=st.text()
    | st.lists(st.binary() | st.just(b"{}"), max_size=6).map(
        lambda parts: ".".join(map(segment, parts))
    )
)
def test_any_text_is_parsed_or_raises_invalid_token(token: str) -> None:
    """No other exception is raised."""
    with suppress(InvalidToken):
        assert isinstance(parse_jws(token), JWS)
