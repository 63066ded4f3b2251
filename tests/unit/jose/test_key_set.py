"""A key set verifies a token only with the keys that match its header."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jwk import import_key
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.key_set import KeySet
from oauth_guard.testing import SigningKey
from tests.unit.jose.forging import HEADER, forge, key_for
from tests.unit.protocol.properties import BOUNDED

_EC, _RSA, _OTHER_EC = key_for("ES256"), key_for("RS256"), SigningKey("ES256")


def _key_set(*jwks: object) -> KeySet:
    return KeySet.from_document({"keys": list(jwks)})


def _outcome(keys: KeySet, header: dict[str, Any], algorithm: str = "ES256") -> Reason | None:
    try:
        keys.verify(parse_jws(forge(header, algorithm=algorithm)))
    except InvalidToken as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="no keys"),
        pytest.param({"keys": None}, id="null"),
        pytest.param({"keys": {}}, id="an object"),
        pytest.param({"keys": "k1"}, id="a string"),
        pytest.param({"keys": [_EC.jwk] * 101}, id="101 keys"),
    ],
)
def test_document_without_an_array_of_at_most_100_keys_is_rejected(
    document: dict[str, Any],
) -> None:
    """The limit bounds the work of one refresh."""
    with pytest.raises(ValueError, match="at most 100"):
        KeySet.from_document(document)


def test_unusable_key_is_skipped_with_a_reason_and_the_others_are_used() -> None:
    """Elements that are not objects are skipped too."""
    skipped: list[Any] = [
        None,
        "k1",
        [],
        5,
        {"kty": "FOO"},
        {"kty": "EC", "crv": {}},
        {**_EC.jwk, "use": "enc"},
    ]
    keys = _key_set(*skipped, _EC.jwk)
    assert [key.key_id for key in keys.keys] == ["ES256"]
    assert len(keys.skipped) == len(skipped)
    assert "the key is not for signatures" in keys.skipped
    assert _outcome(keys, HEADER) is None


def test_key_set_with_100_keys_or_none_is_accepted() -> None:
    """100 is the limit; an empty set has no key for any token."""
    assert len(_key_set(*[_EC.jwk] * 100).keys) == 100
    assert _outcome(_key_set(), HEADER) is Reason.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("jwks", "header", "reason"),
    [
        pytest.param([_EC.jwk], HEADER, None, id="kid and alg match"),
        pytest.param([_RSA.jwk, _EC.jwk], HEADER, None, id="second key matches"),
        pytest.param([_EC.jwk], {"alg": "ES256"}, None, id="no kid"),
        pytest.param([_OTHER_EC.jwk, _EC.jwk], {"alg": "ES256"}, None, id="no kid, two keys"),
        pytest.param([_OTHER_EC.jwk, _EC.jwk], HEADER, None, id="two keys with one kid"),
        pytest.param(
            [{**_RSA.jwk, "kid": "ES256"}, _EC.jwk], HEADER, None, id="one kid, two key types"
        ),
        pytest.param([_OTHER_EC.jwk], HEADER, Reason.BAD_SIGNATURE, id="another key with this kid"),
        pytest.param([_RSA.jwk], HEADER, Reason.UNKNOWN_KEY, id="unknown kid"),
        pytest.param(
            [{**_EC.jwk, "kid": "es256"}], HEADER, Reason.UNKNOWN_KEY, id="kid in another case"
        ),
        pytest.param(
            [{**_RSA.jwk, "kid": "ES256"}],
            HEADER,
            Reason.UNKNOWN_KEY,
            id="same kid, other key type",
        ),
        pytest.param(
            [{k: v for k, v in _EC.jwk.items() if k != "kid"}],
            HEADER,
            Reason.UNKNOWN_KEY,
            id="key without kid, token with kid",
        ),
        pytest.param([_EC.jwk], {**HEADER, "kid": ""}, Reason.UNKNOWN_KEY, id="an empty kid"),
        pytest.param(
            [_EC.jwk],
            {**HEADER, "alg": "ES384"},
            Reason.UNKNOWN_KEY,
            id="alg of another curve",
        ),
        pytest.param([_EC.jwk], {**HEADER, "alg": "none"}, Reason.UNKNOWN_KEY, id="alg none"),
        pytest.param(
            [_OTHER_EC.jwk],
            {**HEADER, "jwk": _EC.jwk, "jku": "https://evil.example/jwks"},
            Reason.BAD_SIGNATURE,
            id="embedded key",
        ),
    ],
)
def test_token_is_verified_only_with_the_keys_that_match_kid_and_alg(
    jwks: list[Any], header: dict[str, Any], reason: Reason | None
) -> None:
    """A key or key URL in the header is never used."""
    assert _outcome(_key_set(*jwks), header) is reason


@pytest.mark.parametrize("with_kid", [True, False], ids=["with kid", "without kid"])
@pytest.mark.parametrize(("others", "reason"), [(4, None), (5, Reason.BAD_SIGNATURE)])
def test_at_most_five_matching_keys_are_tried(
    others: int, reason: Reason | None, with_kid: bool
) -> None:
    """The fifth key is used and the sixth is not, so the work for one token is bounded."""
    jwks = [{**jwk, "kid": "a"} for jwk in (*[_OTHER_EC.jwk] * others, _EC.jwk)]
    if not with_kid:
        jwks = [{name: value for name, value in jwk.items() if name != "kid"} for jwk in jwks]
    assert _outcome(_key_set(*jwks), {"alg": "ES256"}) is reason
    if with_kid:
        assert _outcome(_key_set(*jwks), {"alg": "ES256", "kid": "a"}) is reason


_KEYS_BY_KID = {
    kid: import_key({**jwk, "kid": kid} if kid else {k: v for k, v in jwk.items() if k != "kid"})
    for kid, jwk in {"a": _EC.jwk, "b": _OTHER_EC.jwk, "": _OTHER_EC.jwk, "r": _RSA.jwk}.items()
}


@BOUNDED
@given(
    keys=st.lists(st.sampled_from(sorted(_KEYS_BY_KID)), max_size=8),
    header=st.fixed_dictionaries(
        {"alg": st.sampled_from(["ES256", "RS256", "HS256", "none"])},
        optional={"kid": st.sampled_from(["a", "b", "", "r", "z"])},
    ),
)
def test_first_five_matching_keys_decide_the_outcome(
    keys: list[str], header: dict[str, str]
) -> None:
    """A key matches by algorithm and `kid`, or by algorithm alone if the header has no `kid`."""
    published = [_KEYS_BY_KID[kid] for kid in keys]
    kid = header.get("kid")
    matching = [k for k in published if header["alg"] in k.algorithms and kid in {None, k.key_id}]
    outcome = _outcome(KeySet(tuple(published)), header)
    if header["alg"] == "ES256" and _KEYS_BY_KID["a"] in matching[:5]:
        assert outcome is None
    else:
        assert outcome is (Reason.BAD_SIGNATURE if matching else Reason.UNKNOWN_KEY)
