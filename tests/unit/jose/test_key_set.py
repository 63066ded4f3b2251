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


def _without_kid(jwk: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name != "kid"}


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
    ],
)
def test_document_without_an_array_of_keys_is_rejected(document: dict[str, Any]) -> None:
    """There is nothing to read."""
    with pytest.raises(ValueError, match="array `keys`"):
        KeySet.from_document(document)


@pytest.mark.parametrize(("others", "reason"), [(99, None), (100, Reason.BAD_SIGNATURE)])
def test_document_is_read_up_to_100_keys_and_says_whether_it_has_more(
    others: int, reason: Reason | None
) -> None:
    """The bound limits the work of one refresh; the keys before it are used."""
    other = {**_OTHER_EC.jwk, "kid": "other"}
    keys = KeySet.from_document({"keys": [*[other] * others, _EC.jwk]}, max_work=1000)
    assert len(keys.keys) == 100
    assert keys.oversized is (others == 100)
    assert _outcome(keys, {"alg": "ES256"}) is reason


def test_unusable_keys_count_for_the_bound_of_a_document() -> None:
    """Reading them is work too."""
    keys = KeySet.from_document({"keys": [*[{"kty": "FOO"}] * 100, _EC.jwk]})
    assert keys.oversized
    assert not keys.keys


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
    assert "the key is not for signatures (kid 'ES256')" in keys.skipped
    assert _outcome(keys, HEADER) is None


@pytest.mark.parametrize(
    ("key_id", "text"),
    [
        ("k-1", " (kid 'k-1')"),
        ("a\nb\u00e9", r" (kid 'a\nb\xe9')"),
        ("x" * 200, f" (kid '{'x' * 99})"),
        (5, ""),
        (None, ""),
    ],
)
def test_skipped_key_is_named_by_its_kid(key_id: Any, text: str) -> None:
    """Escaped and cut off, since the issuer writes it."""
    (problem,) = _key_set({**_EC.jwk, "use": "enc", "kid": key_id}).skipped
    assert problem.partition(" (kid")[1:] == text.partition(" (kid")[1:]


def test_key_set_without_keys_is_accepted() -> None:
    """An empty set has no key for any token."""
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
        pytest.param([_without_kid(_EC.jwk)], HEADER, None, id="key without kid, token with kid"),
        pytest.param([{**_EC.jwk, "kid": None}], HEADER, None, id="key with a null kid"),
        pytest.param([{**_EC.jwk, "kid": ""}], HEADER, None, id="key with an empty kid"),
        pytest.param(
            [_without_kid(_OTHER_EC.jwk)],
            HEADER,
            Reason.UNKNOWN_KEY,
            id="another key without kid, token with kid",
        ),
        pytest.param(
            [_without_kid(_OTHER_EC.jwk), _without_kid(_EC.jwk)],
            HEADER,
            None,
            id="several keys without kid, token with kid",
        ),
        pytest.param(
            [{**_OTHER_EC.jwk, "kid": "ES256"}, _without_kid(_EC.jwk)],
            HEADER,
            None,
            id="another key with this kid, and the key without kid",
        ),
        pytest.param([_without_kid(_RSA.jwk)], HEADER, Reason.UNKNOWN_KEY, id="no kid, other type"),
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


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA", "RS256"])
@pytest.mark.parametrize("place", range(10))
def test_each_of_ten_matching_keys_is_a_candidate_by_default(algorithm: str, place: int) -> None:
    """The token names none of them, and each is tried, whatever its type."""
    key, other = key_for(algorithm), SigningKey("other", algorithm)
    jwks = [{**other.jwk, "kid": str(index)} for index in range(10)]
    jwks[place] = key.jwk
    assert _outcome(_key_set(*jwks), {"alg": algorithm}, algorithm) is None


@pytest.mark.parametrize("kid", [None, "a"], ids=["without kid", "with kid"])
@pytest.mark.parametrize(("max_work", "tried"), [(1, 1), (3, 1), (5.9, 1), (6, 2), (33, 11)])
def test_keys_are_tried_as_long_as_their_costs_are_within_the_bound(
    max_work: float, tried: int, kid: str | None
) -> None:
    """A P-256 key costs 3. The first key is tried always."""
    for others in (tried - 1, tried):
        jwks = [{**jwk, "kid": kid} for jwk in (*[_OTHER_EC.jwk] * others, _EC.jwk)]
        keys = KeySet.from_document({"keys": jwks}, max_work=max_work)
        reason = None if others < tried else Reason.BAD_SIGNATURE
        assert _outcome(keys, {"alg": "ES256"}) is reason
        header = {"alg": "ES256", "kid": "a"}
        unknown = Reason.UNKNOWN_KEY if kid is None and reason else reason
        assert _outcome(keys, header) is unknown


def test_keys_of_other_types_do_not_use_up_the_bound() -> None:
    """Only keys of the token's algorithm are candidates."""
    jwks = [*[{**_RSA.jwk, "kid": str(n)} for n in range(50)], _EC.jwk]
    keys = KeySet.from_document({"keys": jwks}, max_work=3)
    assert _outcome(keys, {"alg": "ES256"}) is None


def test_keys_with_the_kid_of_the_token_are_tried_before_keys_without_kid() -> None:
    """So keys without `kid` can't use up the bound."""
    jwks = [*[_without_kid(_OTHER_EC.jwk)] * 5, _EC.jwk]
    keys = KeySet.from_document({"keys": jwks}, max_work=3)
    assert _outcome(keys, HEADER) is None
    assert _outcome(keys, {"alg": "ES256"}) is Reason.BAD_SIGNATURE


_KEYS_BY_KID = {
    kid: import_key({**jwk, "kid": kid})
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
def test_any_matching_key_decides_the_outcome(keys: list[str], header: dict[str, str]) -> None:
    """A key matches by algorithm, and by `kid` if key and header both have one."""
    fitting = [k for k in map(_KEYS_BY_KID.get, keys) if k and header["alg"] in k.algorithms]
    kid = header.get("kid")
    named = [key for key in fitting if kid is None or key.key_id == kid]
    matching = [key for key in fitting if kid is None or key.key_id in {None, kid}]
    outcome = _outcome(KeySet(tuple(_KEYS_BY_KID[each] for each in keys)), header)
    if header["alg"] == "ES256" and _KEYS_BY_KID["a"] in matching:
        assert outcome is None
    else:
        assert outcome is (Reason.BAD_SIGNATURE if named else Reason.UNKNOWN_KEY)
