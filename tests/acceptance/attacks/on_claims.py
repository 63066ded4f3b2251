"""Attacks by the payload: token type, JSON, issuer, audience, time, binding, scope and policy."""

import json
from collections.abc import Sequence
from typing import Any

from oauth_guard.errors import Reason
from tests.acceptance.attacks.attack import (
    Attack,
    insufficient,
    older_issuer,
    request,
    token,
    two_resources,
)
from tests.acceptance.attacks.forgery import encode
from tests.acceptance.standards.api import ISSUER, NOW, RESOURCE

EVIL = "https://evil.example"
HEADER_BOMB = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "zip": "DEF"}
NO_TIMES: Sequence[object] = (True, None, str(NOW + 300), [NOW + 300], {})
PROVABLE: Sequence[object] = ({"jkt": "evil"}, {"x5t#S256": "evil"})
CONFIRMATIONS: Sequence[object] = (*PROVABLE, {"evil": 1}, {}, [], None, False, "")


def _nested(depth: int) -> list[Any]:
    return [_nested(depth - 1)] if depth else []


R = Reason
ON_CLAIMS: dict[str, Attack] = {
    # Other kinds of token
    **{
        f"type {typ!r}": token(R.WRONG_TYPE, header={"typ": typ})
        for typ in (
            "JWT",
            "secevent+jwt",
            "logout+jwt",
            "dpop+jwt",
            "token-introspection+jwt",
            "statuslist+jwt",
            "oauth-authz-req+jwt",
            "at+jwt+evil",
            "text/at+jwt",
            "",
        )
    },
    "no type": token(R.WRONG_TYPE, without=["typ"]),
    "type is no string": token(R.MALFORMED_HEADER, header={"typ": ["at+jwt"]}),
    **{
        f"ID token with {name}": token(
            R.WRONG_TYPE, header={"typ": "JWT"}, claims={name: value}, api=older_issuer
        )
        for name, value in {
            "at_hash": "evil",
            "c_hash": "evil",
            "token_use": "id",
            "typ": "ID",
        }.items()
    },
    **{
        f"{kind} by {name}": token(
            R.WRONG_TYPE, header={"typ": "JWT"}, claims={name: kind}, api=older_issuer
        )
        for name in ("typ", "token_use", "token_type", "type", "tokenType")
        for kind in ("refresh", "Offline", "id_token", "LOGOUT")
    },
    "encrypted, expensive to decrypt": token(
        R.ENCRYPTED_TOKEN,
        then=lambda _: ".".join([encode(json.dumps(HEADER_BOMB).encode()), *["AAAA"] * 4]),
    ),
    "16,000 dots": token(R.MALFORMED_TOKEN, then=lambda _: "." * 16_000),
    "four segments": token(R.MALFORMED_TOKEN, then=lambda text: f"{text}.AAAA"),
    # JSON
    "token over the length limit": token(
        R.CREDENTIALS_TOO_LONG, outcome="400 invalid_request", claims={"x": "x" * 20_000}
    ),
    "claims nested 33 deep": token(R.MALFORMED_TOKEN, claims={"x": _nested(32)}),
    "claims nested too deep for the stack": token(
        R.MALFORMED_TOKEN, edit=('"j1"', f'"j1", "x": {"[" * 5_000}{"]" * 5_000}')
    ),
    "header nested 33 deep": token(R.MALFORMED_TOKEN, header={"x": _nested(32)}),
    "duplicate claim": token(R.MALFORMED_TOKEN, edit=('"sub":', '"sub": "admin", "sub":')),
    "duplicate claim, one escaped": token(
        R.MALFORMED_TOKEN, edit=('"sub":', '"s\\u0075b": "admin", "sub":')
    ),
    "duplicate claim, nested": token(
        R.MALFORMED_TOKEN, claims={"act": {"sub": "a"}}, edit=('"a"', '"a", "sub": "admin"')
    ),
    "duplicate header parameter": token(
        R.MALFORMED_TOKEN, edit=('"alg":', '"alg": "none", "alg":')
    ),
    "lone surrogate": token(R.MALFORMED_TOKEN, edit=('"u1"', '"u1\\ud800"')),
    "data after the claims": token(R.MALFORMED_TOKEN, edit=('"read"}', '"read"} {}')),
    **{
        f"invalid number {number}": token(
            R.MALFORMED_TOKEN, edit=(f'"exp": {NOW + 300}', f'"exp": {number}')
        )
        for number in ("NaN", "Infinity", "-Infinity", "1e400", "9" * 1000)
    },
    # Issuer
    **{
        f"issuer {iss!r}": token(R.UNKNOWN_ISSUER, claims={"iss": iss})
        for iss in (
            f"{ISSUER}/",
            ISSUER.upper(),
            ISSUER.replace("as.", "AS."),
            ISSUER.replace("https", "http"),
            f"{ISSUER}:443",
            f"{ISSUER}.evil.example",
            f" {ISSUER}",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "",
            None,
            7,
            [ISSUER],
            {"evil": 1},
        )
    },
    "no issuer": token(R.UNKNOWN_ISSUER, without=["iss"]),
    # Audience
    "no audience": token(R.MISSING_CLAIM, without=["aud"]),
    **{
        f"audience {aud!r}": token(R.WRONG_AUDIENCE, claims={"aud": aud})
        for aud in (
            EVIL,
            f"{RESOURCE}/evil",
            f"{RESOURCE}.evil.example",
            f"evil{RESOURCE}",
            RESOURCE.upper(),
            RESOURCE.removeprefix("h"),
            RESOURCE.replace("https", "http"),
            f"{EVIL} {RESOURCE}",
            [EVIL, f"{RESOURCE}/evil"],
            [],
            "",
            "*",
        )
    },
    **{
        f"audience {aud!r}": token(R.MALFORMED_CLAIM, claims={"aud": aud})
        for aud in (None, 7, {RESOURCE: True}, [RESOURCE, 7], [[RESOURCE]])
    },
    "token for another resource": request(
        "401 invalid_token",
        R.WRONG_AUDIENCE,
        [(b"authorization", b"Bearer {T}")],
        target="/a/r",
        api=two_resources,
    ),
    # Time
    "expired": token(R.EXPIRED, claims={"exp": NOW}),
    "negative exp": token(R.EXPIRED, claims={"exp": -1}),
    "not yet valid": token(R.NOT_YET_VALID, claims={"nbf": NOW + 1}),
    "issued in the future": token(R.ISSUED_IN_FUTURE, claims={"iat": NOW + 86_400}),
    **{
        f"{claim} {value!r}": token(R.MALFORMED_CLAIM, claims={claim: value})
        for claim in ("exp", "nbf", "iat")
        for value in NO_TIMES
    },
    "no exp": token(R.MISSING_CLAIM, without=["exp"]),
    # Bound tokens
    **{
        f"bound token as Bearer, {cnf!r}": token(
            R.BOUND_TOKEN if cnf in PROVABLE else R.UNKNOWN_CONFIRMATION, claims={"cnf": cnf}
        )
        for cnf in CONFIRMATIONS
    },
    # Scope and policy
    **{
        f"scope {scope!r}": insufficient(
            "403 insufficient_scope", R.INSUFFICIENT_SCOPE, scope=scope
        )
        for scope in (
            "",
            "read",
            "WRITE",
            "Write",
            "rewrite",
            "writer",
            "write:all",
            "write.own",
            "read\twrite",
            "read\nwrite",
            "read,write",
            "read+write",
            "read\u00a0write",
            "wri te",
            "*",
        )
    },
    **{
        f"scope {scope!r}": insufficient("401 invalid_token", R.MALFORMED_CLAIM, scope=scope)
        for scope in (["read", "write"], {"write": True}, None, 7, True)
    },
    **{
        f"roles {roles!r}": insufficient(
            "403 insufficient_scope", R.MISSING_ROLE, "/ops", roles=roles
        )
        for roles in ([], ["devops"], ["OPS"], ["ops "], ["ops dev"])
    },
    **{
        f"roles {roles!r}": insufficient(
            "403 insufficient_scope", R.MISSING_ROLE, "/ops", roles=roles
        )
        for roles in (
            *("ops dev", "ops,dev", "OPS", "[ops]", {"ops": True}, [["ops"]], None, 7, True),
            *([{"ops": True}], [{"display": "ops"}], [{"value": ["ops"]}], {"value": 7}),
        )
    },
    "scope with the name of the required role": insufficient(
        "403 insufficient_scope", R.MISSING_ROLE, "/ops", scope="ops"
    ),
    "client where a user is required": insufficient(
        "403 insufficient_scope", R.NOT_A_USER, "/users", sub="c1", client_id="c1"
    ),
}
