"""A guarded site without a framework, which the server under test serves in its own environment."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware, Rules
from oauth_guard.asgi import Connection, Receive, Send, path_in_app, send_response
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.jose.key_set import KeySet
from oauth_guard.possession import DPoP

SLOW_SECONDS = 1.5


class _RecordedKeys(StaticKeySet):
    """The keys of the issuer, which note when the guard closes them."""

    def __init__(self, keys: KeySet, journal: Path) -> None:
        super().__init__(keys)
        self._journal = journal

    async def aclose(self) -> None:
        _note(self._journal, "closed")


def _note(journal: Path, event: str) -> None:
    with journal.open("a") as file:
        file.write(f"{event}\n")


def _app(journal: Path) -> Any:
    async def app(connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            raise NotImplementedError  # as frameworks without a lifespan do
        user = connection["user"].subject
        if connection["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": user})
            await send({"type": "websocket.close"})
            return
        path = path_in_app(connection)
        if path == "/slow":
            _note(journal, "started")
            await asyncio.sleep(SLOW_SECONDS)
            _note(journal, "finished")
        status = 200 if path in {"/me", "/slow"} else 404
        root_path = connection.get("root_path", "").encode()
        fields = ((b"root-path", root_path),)
        await send_response(send, connection["method"], status, fields, user.encode())

    return app


def _guarded() -> OAuthGuardMiddleware:
    served = json.loads(os.environ["SERVED"])
    journal = Path(served["journal"])
    keys = KeySet.from_document(served["jwks"])
    issuers = [
        JWTIssuer(served["issuer"], keys=_RecordedKeys(keys, journal)),
        JWTIssuer("https://down.invalid"),  # no resolver knows a name of this domain (RFC 6761)
    ]
    rules = Rules([("/pay", "pay"), ("WEBSOCKET /pay", "pay")], default=None)
    guard = Guard(served["resource"], issuers, dpop=DPoP())
    return OAuthGuardMiddleware(_app(journal), guard, rules=rules)


if "SERVED" in os.environ:
    site = _guarded()
