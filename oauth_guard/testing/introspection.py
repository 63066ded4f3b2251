"""Introspection: the introspection endpoint of a local issuer (RFC 7662, RFC 9701)."""

import base64
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import httpx
import jwt

__all__ = ["Introspection"]

_SIGNED = "application/token-introspection+jwt"
_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"]


class Introspection:
    """An introspection endpoint that authenticates its clients and can sign its responses.

    Args:
        issuer: The identifier of the issuer.
        sign: Signs claims; its second argument is further members of the JWS header.
        clock: Returns seconds since the epoch.

    Attributes:
        issuer: The identifier of the issuer.
        responses: The response for each token; tests may change it. The response for any other
            token is `{"active": false}`.
        clients: The clients that may introspect: the client identifier, and its secret, bearer
            token or public key.
        requests: The requests that were received, in order.
    """

    def __init__(
        self,
        issuer: str,
        sign: Callable[[Mapping[str, Any], Mapping[str, Any]], str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.responses: dict[str, dict[str, Any]] = {}
        self.clients: dict[str, Any] = {"api": "secret"}
        self.requests: list[httpx.Request] = []
        self.issuer = issuer
        self._sign = sign
        self._clock = clock

    @property
    def forms(self) -> list[dict[str, str]]:
        """The form parameters of the requests that were received, in order."""
        return [_form(request) for request in self.requests]

    def issue(self, claims: Mapping[str, Any]) -> str:
        """Return a new opaque token that is active and has *claims*."""
        token = f"opaque-{uuid.uuid4().hex}"
        self.responses[token] = {"active": True, **claims}
        return token

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Return the response to one request: 401 unless it is a POST of a known client."""
        self.requests.append(request)
        form = _form(request)
        client_id = self._client(request.headers.get("authorization", ""), form)
        if request.method != "POST" or client_id is None:
            return httpx.Response(401, json={"error": "invalid_client"})
        members = self.responses.get(form.get("token", ""), {"active": False})
        if request.headers["accept"] != _SIGNED:
            return httpx.Response(200, json=members)
        claims = {
            "iss": self.issuer,
            "aud": client_id,
            "iat": int(self._clock()),
            "token_introspection": members,
        }
        signed = self._sign(claims, {"typ": "token-introspection+jwt"})
        return httpx.Response(200, text=signed, headers={"content-type": _SIGNED})

    def _client(self, authorization: str, form: Mapping[str, str]) -> str | None:
        """Return the client identifier if the client authenticates, else None."""
        scheme, _, value = authorization.partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            presented = (unquote_plus(name), unquote_plus(secret))
        elif scheme == "Bearer":
            name = next((n for n, known in self.clients.items() if known == value), "")
            presented = (name, value)
        elif "client_assertion" in form:
            return self._asserted(form["client_assertion"], form.get("client_id", ""))
        else:
            presented = (form.get("client_id", ""), form.get("client_secret", ""))
        return presented[0] if self.clients.get(presented[0]) == presented[1] else None

    def _asserted(self, assertion: str, client_id: str) -> str | None:
        try:
            jwt.decode(
                assertion,
                self.clients.get(client_id, ""),
                algorithms=_ALGORITHMS,
                audience=self.issuer,
                issuer=client_id,
                subject=client_id,
                options={"require": ["exp", "jti"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError):
            return None
        return client_id


def _form(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode()))
