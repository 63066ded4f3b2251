"""A key set offers a token the keys that its header allows, and no others."""

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
    except InvalidToken as refusal:
        return refusal.reason
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
def test_a_key_set_has_a_short_array(document: dict[str, Any]) -> None:
    """A document without an array of at most 100 keys is no key set."""
    with pytest.raises(ValueError, match="at most 100"):
        KeySet.from_document(document)


def test_an_odd_key_is_skipped_and_told_of() -> None:
    """The others are used, and an operator can learn why one was not."""
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


def test_a_full_key_set_is_read() -> None:
    """A hundred keys are not too many, nor is none."""
    assert len(_key_set(*[_EC.jwk] * 100).keys) == 100
    assert _outcome(_key_set(), HEADER) is Reason.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("jwks", "header", "reason"),
    [
        pytest.param([_EC.jwk], HEADER, None, id="its kid and algorithm"),
        pytest.param([_RSA.jwk, _EC.jwk], HEADER, None, id="another key beside"),
        pytest.param([_EC.jwk], {"alg": "ES256"}, None, id="no kid"),
        pytest.param([_OTHER_EC.jwk, _EC.jwk], {"alg": "ES256"}, None, id="no kid, two keys"),
        pytest.param([_OTHER_EC.jwk, _EC.jwk], HEADER, None, id="two keys of one kid"),
        pytest.param(
            [{**_RSA.jwk, "kid": "ES256"}, _EC.jwk], HEADER, None, id="one kid, two types"
        ),
        pytest.param([_OTHER_EC.jwk], HEADER, Reason.BAD_SIGNATURE, id="another's key"),
        pytest.param([_RSA.jwk], HEADER, Reason.UNKNOWN_KEY, id="no key of the kid"),
        pytest.param([{**_EC.jwk, "kid": "es256"}], HEADER, Reason.UNKNOWN_KEY, id="kid in case"),
        pytest.param(
            [{**_RSA.jwk, "kid": "ES256"}], HEADER, Reason.UNKNOWN_KEY, id="the kid, another type"
        ),
        pytest.param(
            [{k: v for k, v in _EC.jwk.items() if k != "kid"}],
            HEADER,
            Reason.UNKNOWN_KEY,
            id="a key without kid, a token with one",
        ),
        pytest.param([_EC.jwk], {**HEADER, "kid": ""}, Reason.UNKNOWN_KEY, id="an empty kid"),
        pytest.param(
            [_EC.jwk],
            {**HEADER, "alg": "ES384"},
            Reason.UNKNOWN_KEY,
            id="a curve that is not alg's",
        ),
        pytest.param([_EC.jwk], {**HEADER, "alg": "none"}, Reason.UNKNOWN_KEY, id="none"),
        pytest.param(
            [_OTHER_EC.jwk],
            {**HEADER, "jwk": _EC.jwk, "jku": "https://evil.example/jwks"},
            Reason.BAD_SIGNATURE,
            id="the key it brings",
        ),
    ],
)
def test_a_token_is_held_to_the_keys_of_its_header(
    jwks: list[Any], header: dict[str, Any], reason: Reason | None
) -> None:
    """`kid` and `alg` choose among the keys of the set; a token brings none of its own."""
    assert _outcome(_key_set(*jwks), header) is reason


@pytest.mark.parametrize("named", [True, False], ids=["of one name", "without a name"])
@pytest.mark.parametrize(("others", "reason"), [(4, None), (5, Reason.BAD_SIGNATURE)])
def test_five_keys_are_tried_at_most(others: int, reason: Reason | None, named: bool) -> None:
    """A token that fits many keys costs no more than five signature checks."""
    jwks = [{**jwk, "kid": "a"} for jwk in (*[_OTHER_EC.jwk] * others, _EC.jwk)]
    if not named:
        jwks = [{name: value for name, value in jwk.items() if name != "kid"} for jwk in jwks]
    assert _outcome(_key_set(*jwks), {"alg": "ES256"}) is reason
    if named:
        assert _outcome(_key_set(*jwks), {"alg": "ES256", "kid": "a"}) is reason


_NAMED = {
    kid: import_key({**jwk, "kid": kid} if kid else {k: v for k, v in jwk.items() if k != "kid"})
    for kid, jwk in {"a": _EC.jwk, "b": _OTHER_EC.jwk, "": _OTHER_EC.jwk, "r": _RSA.jwk}.items()
}


@BOUNDED
@given(
    keys=st.lists(st.sampled_from(sorted(_NAMED)), max_size=8),
    header=st.fixed_dictionaries(
        {"alg": st.sampled_from(["ES256", "RS256", "HS256", "none"])},
        optional={"kid": st.sampled_from(["a", "b", "", "r", "z"])},
    ),
)
def test_the_first_five_that_fit_are_tried(keys: list[str], header: dict[str, str]) -> None:
    """Those of the header's algorithm and name, or of any name where it gives none."""
    offered = [_NAMED[kid] for kid in keys]
    kid = header.get("kid")
    fit = [k for k in offered if header["alg"] in k.algorithms and kid in {None, k.key_id}]
    outcome = _outcome(KeySet(tuple(offered)), header)
    if header["alg"] == "ES256" and _NAMED["a"] in fit[:5]:
        assert outcome is None
    else:
        assert outcome is (Reason.BAD_SIGNATURE if fit else Reason.UNKNOWN_KEY)
