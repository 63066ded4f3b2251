"""issuer_server: an authorization server and a resource's metadata on a port of their own."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Event
from typing import Any

import httpx

from tests.builders.http_server import responding

__all__ = ["IssuerServer", "issuer_server"]

_METADATA = "/.well-known/oauth-authorization-server"
_RESOURCE = "/.well-known/oauth-protected-resource"


@dataclass
class IssuerServer:
    """What the server responds.

    Attributes:
        url: Its address, which is the identifier of the issuer and the resource.
        documents: The body of each path.
        statuses: The status of each path that is not 200.
        skew: How many seconds its clock is ahead.
        has_date: Whether responses have a Date.
        silent: Paths that get no response.
        ended: Set when the server ends, so that silent requests end too.
    """

    url: str = ""
    documents: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    skew: float = 0
    has_date: bool = True
    silent: set[str] = field(default_factory=set)
    ended: Event = field(default_factory=Event)

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Return the document of a path, whatever the method."""
        path = request.url.path
        if path in self.silent:
            self.ended.wait(30)
        document = self.documents.get(path)
        status = self.statuses.get(path, 404 if document is None else 200)
        fields = {"content-type": "application/json"}
        if self.has_date:
            fields["date"] = formatdate(time.time() + self.skew, usegmt=True)
        body = document if isinstance(document, bytes) else json.dumps(document)
        return httpx.Response(status, headers=fields, content=body)


@contextmanager
def issuer_server(context: ssl.SSLContext | None = None) -> Iterator[IssuerServer]:
    """Run the server in a thread, over TLS if there is a *context*."""
    server = IssuerServer()
    with responding(server.respond, context) as server.url:
        server.documents = {
            _METADATA: {
                "issuer": server.url,
                "jwks_uri": f"{server.url}/jwks",
                "introspection_endpoint": f"{server.url}/introspect",
            },
            "/jwks": {"keys": []},
            "/introspect": {"active": False},
            _RESOURCE: {"resource": server.url},
        }
        try:
            yield server
        finally:
            server.ended.set()
