"""attacks(): the attacks on one request of an application, for `pytest.mark.parametrize`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from oauth_guard.errors import ConfigurationError
from oauth_guard.testing.attack import HANDSHAKE, Attack, Build, Target
from oauth_guard.testing.issuer import LocalIssuer
from oauth_guard.testing.token_attacks import TOKEN_ATTACKS

__all__ = ["attacks"]

_FORM = ("Content-Type", "application/x-www-form-urlencoded")
_JUNK = "eyJhdHRhY2tlciI6MX0.eyJhdHRhY2tlciI6MX0.YXR0YWNrZXI"


def attacks(
    request: str = "GET /", *scopes: str, skip: Collection[str] = (), **claims: Any
) -> list[Attack]:
    """Return the attacks on *request*, which needs a token.

    ::

        @pytest.mark.parametrize("attack", attacks("GET /orders", "orders:read"))
        def test_orders_reject(attack, client, oauth_issuer):
            attack.check(client.request(**attack.request(oauth_issuer)))

    For a WebSocket, `attacks("WEBSOCKET /feed")` and `LocalWebSocket(app, **attack.handshake(i))`.

    Write also a test that the request with a good token is served, since each attack is a good
    token or request with one change: where everything is rejected, the attacks show nothing.

    Args:
        request: The method and the path of a route that needs a token; the method is `WEBSOCKET`
            for a handshake.
        scopes: The scopes that it needs. With any, there are attacks on the scopes too.
        skip: The names of attacks to leave out, since the guard was configured to allow them:
            `"no audience"` where `without_audience=` is set, say.
        claims: Further claims that the route needs.

    Raises:
        ConfigurationError: *request* is no method and path, or a name in *skip* is unknown.
    """
    method, separator, url = request.partition(" ")
    if not separator or not url.startswith("/"):
        raise ConfigurationError('attacks() takes a method and a path: "GET /orders".')
    target = Target(method, url, scopes, claims)
    requests = {**_HEADERS, **(_HANDSHAKES if method == HANDSHAKE else _REQUESTS)}
    table = {**TOKEN_ATTACKS, **requests, **(_SCOPES if scopes else {})}
    if unknown := sorted(set(skip) - table.keys()):
        raise ConfigurationError(f"skip= names no attack by {', '.join(unknown)}.")
    return [
        Attack(name, sentence, target, build)
        for name, (sentence, build) in table.items()
        if name not in skip
    ]


def _headers(*pairs: tuple[str, str]) -> Build:
    """Send these fields; `{T}` becomes a good token."""

    def build(issuer: LocalIssuer, target: Target) -> Mapping[str, Any]:
        token = target.genuine_token(issuer)
        return {"headers": [(name, value.replace("{T}", token)) for name, value in pairs]}

    return build


def _in_query(issuer: LocalIssuer, target: Target) -> Mapping[str, Any]:
    del issuer
    separator = "&" if "?" in target.url else "?"
    return {"url": f"{target.url}{separator}access_token={_JUNK}"}


def _in_form(issuer: LocalIssuer, target: Target) -> Mapping[str, Any]:
    del issuer, target
    return {"headers": [_FORM], "content": f"access_token={_JUNK}".encode()}


def _as_subprotocol(issuer: LocalIssuer, target: Target) -> Mapping[str, Any]:
    return {"subprotocols": ["bearer", target.genuine_token(issuer)]}


def _scope(write: Callable[[Sequence[str]], Any]) -> Build:
    """Send a genuine token whose scopes are what *write* makes of the needed ones."""

    def build(issuer: LocalIssuer, target: Target) -> Mapping[str, Any]:
        token = issuer.token(*write(target.scopes), **target.claims)
        return {"headers": [("Authorization", f"Bearer {token}")]}

    return build


_HEADERS: Mapping[str, tuple[str, Build]] = {
    "no token": ("The request has no token.", _headers()),
    "no token after the scheme": (
        "The scheme is followed by nothing.",
        _headers(("Authorization", "Bearer")),
    ),
    "two tokens": (
        "The request has two `Authorization` fields, of which one is genuine.",
        _headers(("Authorization", "Bearer {T}"), ("Authorization", f"Bearer {_JUNK}")),
    ),
    "two tokens in one field": (
        "One field lists two credentials.",
        _headers(("Authorization", "Bearer {T}, Bearer {T}")),
    ),
    "token in quotes": ("The token is quoted.", _headers(("Authorization", 'Bearer "{T}"'))),
    "token without a scheme": ("The scheme is missing.", _headers(("Authorization", "{T}"))),
    "token as Basic": ("The scheme is another one.", _headers(("Authorization", "Basic {T}"))),
    "token in a cookie": (
        "A browser would send it by itself, for any page.",
        _headers(("Cookie", "access_token={T}")),
    ),
    "token in X-Authorization": (
        "A field that only looks like the right one.",
        _headers(("X-Authorization", "Bearer {T}")),
    ),
    "token in Proxy-Authorization": (
        "The field is for a proxy.",
        _headers(("Proxy-Authorization", "Bearer {T}")),
    ),
    "user named by a header": (
        "A field that some proxies write names a user.",
        _headers(("X-Forwarded-User", "attacker"), ("X-Remote-User", "attacker")),
    ),
    "token in the query": ("A made-up token is in the URL, which logs keep.", _in_query),
    "path named by a header": (
        "Fields name a public path instead.",
        _headers(("X-Original-URL", "/health"), ("X-Rewrite-URL", "/health")),
    ),
}

_REQUESTS: Mapping[str, tuple[str, Build]] = {
    "token in a form": ("A made-up token is in the body.", _in_form),
    "method named by a header": (
        "A field names another method.",
        _headers(("X-HTTP-Method-Override", "OPTIONS")),
    ),
    "OPTIONS without a token": (
        "The method is OPTIONS, and the request is no preflight.",
        lambda _issuer, _target: {"method": "OPTIONS"},
    ),
}
"""Attacks on a request that a handshake can't be: with a body, or with another method."""

_HANDSHAKES: Mapping[str, tuple[str, Build]] = {
    "token as a subprotocol": (
        "A genuine token is among the subprotocols, which servers and proxies log.",
        _as_subprotocol,
    ),
    "handshake of another page": (
        "A browser opens it for a page of another origin, and sends its cookies along.",
        _headers(("Origin", "https://attacker.example"), ("Cookie", "access_token={T}")),
    ),
}
"""Attacks on a handshake alone."""

_SCOPES: Mapping[str, tuple[str, Build]] = {
    "no scope": ("The token grants nothing.", _scope(lambda _: ())),
    "scope in capitals": (
        "The scopes are spelled in other letters.",
        _scope(lambda scopes: [each.swapcase() for each in scopes]),
    ),
    "scope with a suffix": (
        "The scopes begin with the needed ones.",
        _scope(lambda scopes: [f"{each}-more" for each in scopes]),
    ),
    "scope cut short": (
        "The last letter of each scope is missing.",
        _scope(lambda scopes: [each[:-1] for each in scopes if each[1:]]),
    ),
    "scope of any": ("The scope is an asterisk.", _scope(lambda _: ["*"])),
    "scopes with commas": (
        "The scopes are separated by commas instead of spaces.",
        _scope(lambda scopes: [",".join((*scopes, "more"))]),
    ),
}
"""Attacks with a genuine token that grants other scopes than the needed ones."""
