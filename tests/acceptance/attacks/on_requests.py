"""Attacks by the request: how the token is sent, and bypasses by path, method and prefix."""

from oauth_guard.errors import Reason
from tests.acceptance.attacks.attack import (
    Attack,
    handshake,
    partly_public,
    request,
    token,
    token_optional,
    two_resources,
)
from tests.acceptance.standards.api import NOW

EVIL = "https://evil.example"


R = Reason
ON_REQUESTS: dict[str, Attack] = {
    # How the token is sent
    **{
        f"{name} Authorization fields": request(
            "400 invalid_request",
            R.SEVERAL_CREDENTIALS,
            [(b"authorization", b"Bearer {T}"), (other, value)],
        )
        for name, other, value in (
            ("two equal", b"authorization", b"Bearer {T}"),
            ("two different", b"authorization", b"Bearer evil"),
            ("two, differently spelled,", b"AUTHORIZATION", b"Bearer evil"),
            ("two, one of another scheme,", b"authorization", b"Basic ZXZpbA=="),
            ("two, one empty,", b"authorization", b""),
        )
    },
    **{
        f"field value {value!r}": request(
            "400 invalid_request", R.MALFORMED_CREDENTIALS, [(b"authorization", value)]
        )
        for value in (
            b"Bearer {T}, Bearer {T}",
            b"Bearer {T},Basic ZXZpbA==",
            b"Bearer {T} evil",
            b"Bearer\t{T}",
            b"Bearer \t{T}",
            b"Bearer\r\n {T}",
            b"Bearer {T}\r\nx-evil: 1",
            b"Bearer {T}\0",
            b"Bearer \xc2\xa0{T}",
            b'Bearer "{T}"',
            b"Bearer token={T}",
            b"Bearer/{T}",
            b"Bearer",
            b"Bearer ====",
        )
    },
    **{
        f"field value {value!r}": request(
            "401 none", R.UNSUPPORTED_SCHEME, [(b"authorization", value)]
        )
        for value in (
            b"Bearer{T}",
            b"Bearerx {T}",
            b"Basic {T}",
            b"DPoP {T}",
            b"{T}",
            b" , Bearer {T}",
            b"\0Bearer {T}",
            b"\xefBearer {T}",
            b"Be\xc4\xb1rer {T}",
        )
    },
    **{
        f"token in {name.decode()}": request("401 none", R.NO_CREDENTIALS, [(name, value)])
        for name, value in {
            b"cookie": b"access_token={T}",
            b"proxy-authorization": b"Bearer {T}",
            b"x-authorization": b"Bearer {T}",
            b"x-forwarded-authorization": b"Bearer {T}",
            b"x-forwarded-access-token": b"{T}",
            b"x-forwarded-user": b"eviladmin",
            b"x-remote-user": b"eviladmin",
            b"authorization ": b"Bearer {T}",
            b"authorization\0": b"Bearer {T}",
            b"sec-websocket-protocol": b"bearer, {T}",
        }.items()
    },
    "token in the query": request(
        "401 none", R.NO_CREDENTIALS, query_string=b"access_token=eyJldmls.eyJldmls.ZXZpbA"
    ),
    "token in a form": request(
        "401 none",
        R.NO_CREDENTIALS,
        [(b"content-type", b"application/x-www-form-urlencoded")],
        method="POST",
        target="/w",
        chunks=[b"access_token=eyJldmls.eyJldmls.ZXZpbA"],
    ),
    **{
        f"reflected header {name.decode()}": request(
            "401 none", R.NO_CREDENTIALS, [(name, b"evil.example")]
        )
        for name in (b"host", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded", b"origin")
    },
    # Bypasses by public paths
    **{
        f"{method} {target}": request(
            "401 none", R.NO_CREDENTIALS, method=method, target=target, api=partly_public
        )
        for method, target in (
            ("GET", "/r"),
            ("GET", "/health/"),
            ("GET", "/health/r"),
            ("GET", "/health%2f..%2fr"),
            ("GET", "/health/../r"),
            ("GET", "/health;r"),
            ("GET", "/health.json"),
            ("GET", "/healthy"),
            ("GET", "/HEALTH"),
            ("GET", "//health"),
            ("GET", "/./health"),
            ("GET", "/health%00"),
            ("GET", "/health%20"),
            ("GET", "/r?/health"),
            ("GET", "/static"),
            ("GET", "/static/"),
            ("GET", "/static/../r"),
            ("GET", "/static/%2e%2e/r"),
            ("GET", "/static/..%2fr"),
            ("GET", "/static/%252e%252e/r"),
            ("GET", "/static/..\\r"),
            ("GET", "/static/..%5cr"),
            ("GET", "/static/a%2fr"),
            ("GET", "/static//r"),
            ("GET", "/static/a%00"),
            ("GET", "/static/."),
            ("GET", "/staticr"),
            ("POST", "/health"),
            ("DELETE", "/static/a"),
            ("OPTIONS", "/health"),
            ("get", "/health"),
            ("head", "/static/a"),
            ("WEBSOCKET", "/live"),
            ("GET", "/live"),
            ("", "/health"),
        )
    },
    **{
        f"GET {target}, without raw_path": request(
            "401 none", R.NO_CREDENTIALS, target=target, api=partly_public, raw_path=None
        )
        for target in ("/static/%2e%2e/r", "/static/%252fr", "/static/a%5cr", "/static/a%00")
    },
    "public path, method override header": request(
        "401 none",
        R.NO_CREDENTIALS,
        [(b"x-http-method-override", b"GET")],
        method="POST",
        target="/health",
        api=partly_public,
    ),
    **{
        f"rewrite header {name.decode()}": request(
            "401 none", R.NO_CREDENTIALS, [(name, b"/health")], target="/r", api=partly_public
        )
        for name in (b"x-original-url", b"x-rewrite-url", b"x-forwarded-uri", b"x-forwarded-prefix")
    },
    # Bypasses by method and connection type
    **{
        f"{method} without a token": request("401 none", R.NO_CREDENTIALS, method=method)
        for method in ("HEAD", "OPTIONS", "get", "options", "TRACE", "CONNECT", "EVIL", "")
    },
    "preflight with a token": request(
        "401 invalid_token",
        R.MALFORMED_TOKEN,
        [
            (b"origin", EVIL.encode()),
            (b"access-control-request-method", b"GET"),
            (b"Authorization", b"Bearer evil"),
        ],
        method="OPTIONS",
    ),
    **{
        f"preflight by {method}": request(
            "401 none",
            R.NO_CREDENTIALS,
            [(b"origin", EVIL.encode()), (b"access-control-request-method", b"GET")],
            method=method,
        )
        for method in ("GET", "POST", "options")
    },
    "handshake without a token": handshake("401 none", R.NO_CREDENTIALS, target="/ws"),
    "handshake without a token where a scope is required": handshake("401 none", R.NO_CREDENTIALS),
    "handshake where GET is public": handshake(
        "401 none", R.NO_CREDENTIALS, target="/health", api=partly_public
    ),
    "handshake with an invalid token": handshake(
        "401 invalid_token", R.MALFORMED_TOKEN, authorization="Bearer evil"
    ),
    "handshake with insufficient scope": handshake(
        "403 insufficient_scope", R.INSUFFICIENT_SCOPE, authorization="Bearer {T}"
    ),
    "handshake with a token in the query": handshake(
        "401 none", R.NO_CREDENTIALS, target="/feed?access_token=eyJldmls.eyJldmls.ZXZpbA"
    ),
    # Bypasses by prefix in an application with several resources
    **{
        f"token of the root resource at {target}": request(
            "401 invalid_token",
            R.WRONG_AUDIENCE,
            [(b"authorization", b"Bearer {T}")],
            target=target,
            api=two_resources,
        )
        for target in ("/a", "/a/", "/b/r", "/b/a")
    },
    "token of a resource at a path with a similar prefix": request(
        "401 invalid_token",
        R.WRONG_AUDIENCE,
        [(b"authorization", b"Bearer {A}")],
        target="/ab",
        api=two_resources,
    ),
    **{
        f"ambiguous {target}": request(
            "400 invalid_request",
            R.AMBIGUOUS_PATH,
            [(b"authorization", b"Bearer {T}")],
            target=target,
            api=two_resources,
        )
        for target in ("/x/../a/r", "/%2e/a/r", "//a/r", "/x/..%2fa/r", "/x\\..\\a", "/a%00")
    },
    # An invalid token is rejected even if a token is optional
    **{
        f"optional, {value!r}": request(
            outcome, reason, [(b"authorization", value)], api=token_optional
        )
        for value, outcome, reason in (
            (b"Bearer evil", "401 invalid_token", R.MALFORMED_TOKEN),
            (b"Bearer", "400 invalid_request", R.MALFORMED_CREDENTIALS),
            (b"Bearer {T}, Bearer {T}", "400 invalid_request", R.MALFORMED_CREDENTIALS),
        )
    },
    "optional, expired": token(R.EXPIRED, claims={"exp": NOW - 1}, api=token_optional),
    "optional, anonymous where a scope is required": request(
        "401 none", R.NO_CREDENTIALS, method="POST", target="/w", api=token_optional
    ),
}
