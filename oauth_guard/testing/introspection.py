"""Introspection: the endpoint of an issuer that tells resources about tokens (RFC 7662, 9701)."""

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
    """What an issuer knows of its opaque tokens, and to whom it tells that.

    Args:
        issuer: The identifier of the issuer.
        sign: Signs claims, with more members for the header.
        clock: Tells seconds since the epoch.

    Attributes:
        answers: What is said about each token, open to change; of others, that they are inactive.
        clients: Who may ask: a client's identifier, and its secret, bearer token or public key.
        requests: What was asked, in order.
    """

    def __init__(
        self,
        issuer: str,
        sign: Callable[[Mapping[str, Any], Mapping[str, Any]], str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self.clients: dict[str, Any] = {"api": "secret"}
        self.requests: list[httpx.Request] = []
        self._issuer = issuer
        self._sign = sign
        self._clock = clock

    @property
    def forms(self) -> list[dict[str, str]]:
        """The forms that were sent, in order."""
        return [_form(request) for request in self.requests]

    def issue(self, claims: Mapping[str, Any]) -> str:
        """Return a new opaque token that stands for *claims*."""
        token = f"opaque-{uuid.uuid4().hex}"
        self.answers[token] = {"active": True, **claims}
        return token

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, if it is by a client that may ask."""
        self.requests.append(request)
        form = _form(request)
        client_id = self._client(request.headers.get("authorization", ""), form)
        if request.method != "POST" or client_id is None:
            return httpx.Response(401, json={"error": "invalid_client"})
        members = self.answers.get(form.get("token", ""), {"active": False})
        if request.headers["accept"] != _SIGNED:
            return httpx.Response(200, json=members)
        claims = {
            "iss": self._issuer,
            "aud": client_id,
            "iat": int(self._clock()),
            "token_introspection": members,
        }
        signed = self._sign(claims, {"typ": "token-introspection+jwt"})
        return httpx.Response(200, text=signed, headers={"content-type": _SIGNED})

    def _client(self, authorization: str, form: Mapping[str, str]) -> str | None:
        """Return who asks, if that is proven in one of the ways that we know."""
        scheme, _, value = authorization.partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            shown = (unquote_plus(name), unquote_plus(secret))
        elif scheme == "Bearer":
            shown = (next((n for n, known in self.clients.items() if known == value), ""), value)
        elif "client_assertion" in form:
            return self._asserted(form["client_assertion"], form.get("client_id", ""))
        else:
            shown = (form.get("client_id", ""), form.get("client_secret", ""))
        return shown[0] if self.clients.get(shown[0]) == shown[1] else None

    def _asserted(self, assertion: str, client_id: str) -> str | None:
        try:
            jwt.decode(
                assertion,
                self.clients.get(client_id, ""),
                algorithms=_ALGORITHMS,
                audience=self._issuer,
                issuer=client_id,
                subject=client_id,
                options={"require": ["exp", "jti"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError):
            return None
        return client_id


def _form(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode()))
