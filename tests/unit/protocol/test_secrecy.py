"""No repr, string or error contains any part of a token, its claims or a key."""

import traceback
from collections.abc import Callable

import pytest

from oauth_guard.errors import OAuthGuardError
from oauth_guard.jose.jwk import import_key
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.key_set import KeySet
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.binding import check_binding, confirmation_of
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.credentials import BearerMethods, parse_authorization, parse_token68
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
_REQUEST = ResourceRequest({"headers": ((b"authorization", f"Bearer {_RAW}".encode()),)})
_REQUEST.read_credentials(BearerMethods())
_SIGNED = parse_jws(_RAW)
_KEY = import_key({**key_for("ES256").jwk, "kid": _SECRET})
_TOKEN = AccessToken.from_claims(_CLAIMS, _RULES)

_SECRETS = [_SECRET, *_RAW.split("."), key_for("ES256").jwk["x"]]

_VALUES = {
    "the request": _REQUEST,
    "the raw token": RawToken(_RAW),
    "the JWS": _SIGNED,
    "its header": _SIGNED.header,
    "a key": _KEY,
    "a key set": KeySet((_KEY,)),
    "the access token": _TOKEN,
    "the identity": Identity.from_token(_TOKEN, raw=_RAW),
}
_REJECTIONS: dict[str, Callable[[], object]] = {
    "malformed credentials": lambda: parse_token68(f"{_SECRET}\xff".encode()),
    "another scheme": lambda: parse_authorization(_SECRET.encode()),
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
    "a bound token": lambda: check_binding(confirmation_of(_TOKEN.claims)),
}


@pytest.mark.parametrize("value", _VALUES.values(), ids=_VALUES)
def test_text_of_a_value_contains_no_secret(value: object) -> None:
    """`repr`, `str` and format strings are checked."""
    for text in (repr(value), str(value), f"{value}", repr([value])):
        assert not [secret for secret in _SECRETS if secret in text]


@pytest.mark.parametrize("reject", _REJECTIONS.values(), ids=_REJECTIONS)
def test_text_of_a_rejection_contains_no_secret(reject: Callable[[], object]) -> None:
    """The error, its attributes and its printed form are checked, and it has no visible cause."""
    with pytest.raises(OAuthGuardError) as caught:
        reject()
    last = traceback.format_exception_only(caught.value)
    attributes = {**vars(caught.value)}
    # `iss`, `aud` and `typ` are the only values of a token that an error has: see `mismatch`.
    detail = {**attributes.pop("detail", {})}
    found = detail.pop("found", _SECRET)
    assert found == _SECRET
    for text in (repr(caught.value), str(caught.value), str(attributes), str(detail), *last):
        assert not [secret for secret in _SECRETS if secret in text]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "document", [f'{{"{_SECRET}":1,"{_SECRET}":2}}', f'["{_SECRET}"]', f'{{"{_SECRET}"']
)
def test_error_for_invalid_json_does_not_quote_the_document(document: str) -> None:
    """The printed traceback is checked."""
    with pytest.raises(ValueError, match="JSON") as caught:
        parse_object(document.encode())
    assert _SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["kty", "crv", "alg", "use", "kid", "x"])
def test_reason_for_a_skipped_key_does_not_quote_the_key(name: str) -> None:
    """A value may be private key material."""
    keys = KeySet.from_document({"keys": [{**key_for("ES256").jwk, name: [_SECRET]}]})
    assert len(keys.skipped) == 1
    assert _SECRET not in keys.skipped[0]
