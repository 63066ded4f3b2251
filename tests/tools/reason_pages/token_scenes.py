"""TOKEN_SCENES: what a token says, read without a check, where it fails and where it works."""

import asyncio
import base64
from collections.abc import Mapping

from oauth_guard import ClientSecretBasic, IntrospectionIssuer
from oauth_guard.deny_list import DenyList
from oauth_guard.reasons import Reason
from tests.tools.reason_pages.scene import (
    TOKEN,
    Ago,
    Prepare,
    Scene,
    claims,
    header,
    send_token,
    token,
)
from tests.tools.reason_pages.stage import ISSUER, Stage

_DOTS = "tr -cd . < token.txt | wc -c"
_KIB = "awk '{ print int(length($0) / 1024) \" KiB\" }' token.txt"
_HOUR, _DAY = 3600, 86400
_MINUTES = 'round((claims["{claim}"] - time.time()) / 60), "minutes from now"'
_SINCE = 'round((time.time() - claims["{claim}"]) / 60), "minutes ago"'
_PUBLISHED = f"""python3 -c '
import jwt
token = input()
keys = jwt.PyJWKClient("{ISSUER}/jwks")
{{}}' < token.txt 2>&1 | tail -n 1"""
_CRITICAL = header('header.get("crit")')
_GRANT = {"type": "payment", "actions": ["pay"]}


def _time(text: str, claim: str) -> str:
    """Return the command that prints when *claim* is, in minutes."""
    return claims(text.format(claim=claim)).replace("import jwt", "import jwt, time")


def _text(command: str, fails: str, works: str | None = None, needs: str = TOKEN) -> Scene:
    """Return a scene that sends the text *fails*, then *works* or a genuine token."""

    def prepare(text: str | None) -> Prepare:
        return lambda stage: send_token(stage, text or stage.issuer.token("orders:read"))

    return Scene(command, prepare(fails), prepare(works), needs=needs)


def _signed_by(kid: str, published: str) -> Prepare:
    """Send a token of a new key `kid`, while the issuer publishes another one as *published*."""

    def run(stage: Stage) -> int:
        sent = stage.issuer.token("orders:read", header={"kid": kid})
        stage.rotate(published)
        return send_token(stage, sent)

    return run


def _genuine(stage: Stage) -> int:
    return send_token(stage, stage.issuer.token("orders:read"))


def _opaque(prefix: str) -> Prepare:
    """Send an opaque token to an API whose tokens begin with `opaque-`."""

    def run(stage: Stage) -> int:
        client = ClientSecretBasic("api", "secret")
        issuer = IntrospectionIssuer(stage.issuer.issuer, client=client, token_format="opaque-")
        stage.serve(issuers=[issuer])
        issued = stage.issuer.opaque_token("orders:read")
        return send_token(stage, issued.replace("opaque-", prefix))

    return run


def _shared_secret(stage: Stage) -> int:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"at+jwt","kid":"k1"}').decode()
    _, _, rest = stage.issuer.token("orders:read").partition(".")
    return send_token(stage, f"{head.rstrip('=')}.{rest}")


def _revoked(*, again: bool) -> Prepare:
    """Revoke the tokens of a session, then send one of it, or one of a new session."""

    def run(stage: Stage) -> int:
        deny_list = DenyList()
        stage.serve(deny_list=deny_list)
        asyncio.run(deny_list.revoke(stage.issuer.issuer, sid="s1"))
        return send_token(stage, stage.issuer.token("orders:read", sid="s2" if again else "s1"))

    return run


def _claims_changed(seconds: int) -> Prepare:
    """Send a token that was issued so long ago, where claims changed a minute ago."""

    def run(stage: Stage) -> int:
        now = int(stage.issuer.clock())
        deny_list = DenyList()
        stage.serve(deny_list=deny_list)
        changed = deny_list.claims_changed(stage.issuer.issuer, subject="u1", changed_at=now - 60)
        asyncio.run(changed)
        return send_token(stage, stage.issuer.token("orders:read", iat=now - seconds))

    return run


def _encrypted(stage: Stage) -> int:
    head = base64.urlsafe_b64encode(b'{"alg":"RSA-OAEP-256","enc":"A256GCM"}').decode().rstrip("=")
    return send_token(stage, f"{head}.AAAA.AAAA.AAAA.AAAA")


_FORMS: Mapping[Reason, Scene] = {
    Reason.CREDENTIALS_TOO_LONG: token(_KIB, {"groups": ["x" * 70] * 300}),
    Reason.MALFORMED_TOKEN: _text(_DOTS, "f00dfeedf00dfeed"),
    Reason.WRONG_FORMAT: Scene(
        "cut -c 1-7 token.txt", _opaque("legacy-"), _opaque("opaque-"), needs=TOKEN
    ),
    Reason.ENCRYPTED_TOKEN: Scene(_DOTS, _encrypted, _genuine, needs=TOKEN),
    Reason.MALFORMED_HEADER: token(header("header"), {"header": {"iss": "https://old.example"}}),
    Reason.CRITICAL_HEADER: token(f"{_CRITICAL} 2>&1 | tail -n 1", {"header": {"crit": ["exp"]}}),
    Reason.WRONG_TYPE: token(header('header["typ"]'), {"header": {"typ": "JWT"}}),
    Reason.ALGORITHM_NOT_ALLOWED: Scene(
        header('header["alg"]'), _shared_secret, _genuine, needs=TOKEN
    ),
    Reason.UNKNOWN_KEY: Scene(
        _PUBLISHED.format("print(keys.get_signing_key_from_jwt(token).key_id)"),
        _signed_by("k0", "k1"),
        _genuine,
        needs=TOKEN,
    ),
    Reason.BAD_SIGNATURE: Scene(
        _PUBLISHED.format(
            "key = keys.get_signing_key_from_jwt(token)\n"
            'jwt.decode(token, key, ["ES256"], options={"verify_aud": False})\n'
            'print("the signature is valid")'
        ),
        _signed_by("k1", "k1"),
        _genuine,
        needs=TOKEN,
    ),
}

_CLAIMS: Mapping[Reason, Scene] = {
    Reason.MALFORMED_CLAIM: token(claims('repr(claims["scope"])'), {"scope": ["orders:read"]}),
    Reason.MALFORMED_DETAILS: token(
        claims('claims.get("authorization_details")'), {"authorization_details": "payment"}
    ),
    Reason.MISSING_CLAIM: token(claims("*sorted(claims)"), {"client_id": None}),
    Reason.UNKNOWN_ISSUER: token(claims('claims["iss"]'), {"iss": "https://old.example"}),
    Reason.WRONG_AUDIENCE: token(claims('claims["aud"]'), {"aud": "https://payroll.example.com"}),
    Reason.WRONG_CLIENT: token(
        claims('claims["client_id"]'), {"client_id": "kiosk"}, issuer={"clients": ["c1"]}
    ),
    Reason.WRONG_CLAIM: token(
        claims('claims["tenant"]'),
        {"tenant": "globex"},
        {"tenant": "acme"},
        issuer={"claims": {"tenant": "acme"}},
    ),
    Reason.REVOKED: Scene(
        claims('claims.get("sid")'), _revoked(again=False), _revoked(again=True), needs=TOKEN
    ),
    Reason.CLAIMS_CHANGED: Scene(
        _time(_SINCE, "iat"), _claims_changed(300), _claims_changed(0), needs=TOKEN
    ),
    Reason.EXPIRED: token(_time(_MINUTES, "exp"), {"iat": Ago(2 * _HOUR), "exp": Ago(_HOUR)}),
    Reason.NOT_YET_VALID: token(_time(_MINUTES, "nbf"), {"nbf": Ago(-_HOUR)}, {"nbf": Ago(300)}),
    Reason.ISSUED_IN_FUTURE: token(
        _time(_MINUTES, "iat"), {"iat": Ago(-_HOUR), "exp": Ago(-2 * _HOUR)}, {"iat": Ago(120)}
    ),
    Reason.LIFETIME_TOO_LONG: token(
        claims('claims["exp"] - claims["iat"], "seconds"'),
        {"exp": Ago(-_DAY)},
        max_token_lifetime=_HOUR,
    ),
}

_ROUTES: Mapping[Reason, Scene] = {
    Reason.WEAK_AUTHENTICATION: token(
        claims('claims.get("acr")'), {"acr": "password"}, {"acr": "mfa"}, route={"acr": "mfa"}
    ),
    Reason.OLD_AUTHENTICATION: token(
        _time(_SINCE, "auth_time"),
        {"auth_time": Ago(_HOUR)},
        {"auth_time": Ago(60)},
        route={"max_age": 600},
    ),
    Reason.INSUFFICIENT_SCOPE: token(claims('claims["scope"]'), {"scope": "profile"}),
    Reason.MISSING_ROLE: token(
        claims('claims.get("roles")'), {}, {"roles": ["clerk"]}, route={"roles": ["clerk"]}
    ),
    Reason.MISSING_GROUP: token(
        claims('claims.get("groups")'), {}, {"groups": ["sales"]}, route={"groups": ["sales"]}
    ),
    Reason.MISSING_ENTITLEMENT: token(
        claims('claims.get("entitlements")'),
        {},
        {"entitlements": ["premium"]},
        route={"entitlements": ["premium"]},
    ),
    Reason.NOT_A_USER: token(
        claims('claims["sub"], claims["client_id"]'), {"sub": "c1"}, route={"users_only": True}
    ),
    Reason.WRONG_ACTOR: token(
        claims('claims["act"]["sub"]'),
        {"act": {"sub": "kiosk"}},
        {"act": {"sub": "gateway"}},
        route={"actor": ["gateway"]},
    ),
    Reason.MISSING_DETAILS: token(
        claims('claims.get("authorization_details")'),
        {},
        {"authorization_details": [_GRANT]},
        route={"details": _GRANT},
    ),
}

TOKEN_SCENES: Mapping[Reason, Scene] = {**_FORMS, **_CLAIMS, **_ROUTES}
"""The scene of each reason that the content of a token decides."""
