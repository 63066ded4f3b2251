"""Tokens and key sets written byte by byte, so that exactly one thing can be wrong."""

import json
from typing import Any

import httpx

from tests.acceptance.attacks.forgery import HEADER, Sign, by_k1, encode
from tests.acceptance.standards.api import ISSUER, Api, signing_keys

JWK = dict[str, Any]


def k1() -> JWK:
    """Return the JWK of `k1`."""
    return signing_keys()[0].jwk


def k2() -> JWK:
    """Return the JWK of `k2` without `alg`, so that it fits every RSA algorithm."""
    return {name: value for name, value in signing_keys()[1].jwk.items() if name != "alg"}


def header(**changes: Any) -> bytes:
    """Return the header of `T` with *changes*, as JSON."""
    return json.dumps(HEADER | changes).encode()


def claims(api: Api, **changes: Any) -> bytes:
    """Return the claims of `T` with *changes*, as JSON; None becomes null."""
    return json.dumps(api.authority.claims(scope="read", jti="j1") | changes).encode()


def compact(header: bytes, payload: bytes, sign: Sign = by_k1) -> str:
    """Return a compact JWS over these bytes, validly signed unless *sign* says otherwise."""
    return signed(encode(header), encode(payload), sign)


def signed(header: str, payload: str, sign: Sign = by_k1) -> str:
    """Return a JWS over two segments that are already encoded."""
    return f"{header}.{payload}.{encode(sign(f'{header}.{payload}'.encode()))}"


def publish(api: Api, document: object) -> None:
    """Make the authorization server publish *document* as its key set."""

    def response(request: httpx.Request) -> httpx.Response:
        is_keys = str(request.url) == f"{ISSUER}/jwks"
        return httpx.Response(200, json=document if is_keys else api.authority.metadata)

    api.authority.outage = response


def key_fetches(api: Api) -> int:
    """Return how often the key set was fetched."""
    return api.authority.requests.count(f"{ISSUER}/jwks")
