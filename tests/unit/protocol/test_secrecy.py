"""No repr, text or error tells anything of a token, its claims or a key."""

import traceback
from collections.abc import Callable

import pytest

from oauth_guard.errors import OAuthGuardError
from oauth_guard.jose.jwk import import_key
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.key_set import KeySet
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.binding import check_binding
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.credentials import BearerMethods, read_credentials
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.request import ResourceRequest
from tests.unit.jose.forging import CLAIMS, HEADER, forge, key_for

_SECRET = "zzSECRETzz"
_CLAIMS = dict.fromkeys(CLAIMS, _SECRET) | {
    "exp": 1,
    "iat": 1,
    "cnf": {"jkt": _SECRET},
    "roles": [_SECRET],
    _SECRET: {_SECRET: _SECRET},
}
_HEADER = {**HEADER, "kid": _SECRET, "typ": _SECRET}
_RULES = ClaimRules("https://as.example.com")
_RAW = forge(_HEADER, _CLAIMS)
_REQUEST = ResourceRequest("GET", ((b"authorization", f"Bearer {_RAW}".encode()),))
_SIGNED = parse_jws(_RAW)
_KEY = import_key({**key_for("ES256").jwk, "kid": _SECRET})
_TOKEN = AccessToken.from_claims(_CLAIMS, _RULES)

_SECRETS = [_SECRET, *_RAW.split("."), key_for("ES256").jwk["x"]]

_VALUES = {
    "the request": _REQUEST,
    "credentials": read_credentials(_REQUEST, BearerMethods()),
    "the presented token": RawToken(_RAW),
    "the signed token": _SIGNED,
    "its header": _SIGNED.header,
    "a key": _KEY,
    "a key set": KeySet((_KEY,)),
    "the access token": _TOKEN,
    "the identity": Identity.from_token(_TOKEN, raw=_RAW),
}
_REFUSALS: dict[str, Callable[[], object]] = {
    "malformed credentials": lambda: read_credentials(
        ResourceRequest("GET", ((b"authorization", f"Bearer {_SECRET}\xff".encode()),)),
        BearerMethods(),
    ),
    "another scheme": lambda: read_credentials(
        ResourceRequest("GET", ((b"authorization", _SECRET.encode()),)), BearerMethods()
    ),
    "a malformed token": lambda: parse_jws(f"{_SECRET}é.{_SECRET}.{_SECRET}"),
    "malformed JSON": lambda: parse_jws(forge(claims=f'{{"{_SECRET}'.encode())),
    "a header of the wrong type": lambda: parse_jws(forge({**HEADER, "kid": [_SECRET]})),
    "an extension": lambda: parse_jws(forge({**HEADER, "crit": [_SECRET]})),
    "an unknown key": lambda: KeySet(()).verify(_SIGNED),
    "another key": lambda: KeySet((_KEY,)).verify(parse_jws(forge(_HEADER, _CLAIMS)[:-4] + "AAAA")),
    "a wrong type": lambda: _RULES.check_header(_SIGNED.header),
    "a claim of the wrong type": lambda: AccessToken.from_claims(
        {**_CLAIMS, "sub": [_SECRET]}, _RULES
    ),
    "another audience": lambda: _TOKEN.check_claims("https://api.example.com", 0),
    "a bound token": lambda: check_binding(_TOKEN),
}


@pytest.mark.parametrize("value", _VALUES.values(), ids=_VALUES)
def test_a_value_does_not_tell_what_it_holds(value: object) -> None:
    """Neither `repr` nor `str` nor a format string tells."""
    for told in (repr(value), str(value), f"{value}", repr([value])):
        assert not [secret for secret in _SECRETS if secret in told]


@pytest.mark.parametrize("refuse", _REFUSALS.values(), ids=_REFUSALS)
def test_a_refusal_does_not_tell_what_it_refused(refuse: Callable[[], object]) -> None:
    """Neither the error nor its printed traceback tells."""
    with pytest.raises(OAuthGuardError) as caught:
        refuse()
    last = traceback.format_exception_only(caught.value)
    for told in (repr(caught.value), str(caught.value), str(vars(caught.value)), *last):
        assert not [secret for secret in _SECRETS if secret in told]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "document", [f'{{"{_SECRET}":1,"{_SECRET}":2}}', f'["{_SECRET}"]', f'{{"{_SECRET}"']
)
def test_a_refused_document_is_not_quoted(document: str) -> None:
    """What is wrong with JSON is told without a word of it."""
    with pytest.raises(ValueError, match="JSON") as caught:
        parse_object(document.encode())
    assert _SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["kty", "crv", "alg", "use", "kid", "x"])
def test_a_refused_key_is_not_quoted(name: str) -> None:
    """Why a key was skipped is told without its values, which may be private ones."""
    keys = KeySet.from_document({"keys": [{**key_for("ES256").jwk, name: [_SECRET]}]})
    assert len(keys.skipped) == 1
    assert _SECRET not in keys.skipped[0]
