"""The inputs to fuzz: a function for each, and byte strings that are accepted."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.robustness.fuzz.fuzzed_guard import (
    BEARER,
    ISSUER,
    JWKS,
    TOKEN,
    Request,
    status_with_fixed_keys,
    status_with_issuer,
)
from tests.unit.jose.forging import CLAIMS, HEADER, forge, key_for

_FORM = (b"content-type", b"application/x-www-form-urlencoded")
_JWKS_URI = f"{ISSUER}/jwks"
_METADATA = {"issuer": ISSUER, "jwks_uri": _JWKS_URI}
_MORE_KEYS = {"keys": [*JWKS["keys"], key_for("RS256").jwk, key_for("EdDSA").jwk]}


@dataclass(frozen=True)
class Target:
    """An input of the guard.

    Attributes:
        status: Passes the bytes as that input, and returns the status of the response.
        accepted: Byte strings for which the status is 200, as seeds.
    """

    status: Callable[[bytes], int]
    accepted: Sequence[bytes]


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _authorization(data: bytes) -> int:
    return status_with_fixed_keys(Request([(b"authorization", data)]))


def _query(data: bytes) -> int:
    return status_with_fixed_keys(Request(query=data))


def _form(data: bytes) -> int:
    return status_with_fixed_keys(Request([_FORM], body=data))


def _everywhere(data: bytes) -> int:
    field, _, rest = data.partition(b"\n")
    query, _, body = rest.partition(b"\n")
    headers = [_FORM, (b"authorization", field)] if field else [_FORM]
    return status_with_fixed_keys(Request(headers, query, body))


def _header(data: bytes) -> int:
    return _authorization(b"Bearer " + forge(header=data).encode())


def _claims(data: bytes) -> int:
    return _authorization(b"Bearer " + forge(claims=data).encode())


def _key_set(data: bytes) -> int:
    return status_with_issuer({"*": data}, jwks_uri=_JWKS_URI)


def _metadata(data: bytes) -> int:
    return status_with_issuer({"/jwks": _json(JWKS), "*": data})


TARGETS: Mapping[str, Target] = {
    "authorization": Target(_authorization, [BEARER[1]]),
    "query": Target(_query, [b"a=b&access_token=" + TOKEN]),
    "form": Target(_form, [b"a=b&access_token=" + TOKEN]),
    "everywhere": Target(
        _everywhere, [b"\naccess_token=" + TOKEN + b"\na=b", BEARER[1] + b"\na=b\nc=d"]
    ),
    "token-header": Target(_header, [_json(HEADER), _json({**HEADER, "x5c": [], "jwk": {}})]),
    "token-claims": Target(_claims, [_json(CLAIMS), _json({**CLAIMS, "aud": [CLAIMS["aud"]]})]),
    "key-set": Target(_key_set, [_json(JWKS), _json(_MORE_KEYS)]),
    "metadata": Target(_metadata, [_json(_METADATA), _json({**_METADATA, "scopes_supported": []})]),
}
"""The targets by name. `status` raises if the result is no identity, rejection or outage."""
