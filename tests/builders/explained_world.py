"""ExplainedWorld: a configuration in a folder, and its issuer on a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oauth_guard.cli.walk import TRACING, Explained, Presented, walk
from oauth_guard.config import load_config
from oauth_guard.testing import LocalIssuer
from tests.builders.issuer_server import IssuerServer, issuer_server

__all__ = ["SUBJECT", "ExplainedWorld", "explained_world"]

SUBJECT = "somebody@example.com"
"""The subject of each token."""


class ExplainedWorld:
    """A resource that accepts the tokens of one issuer, which runs.

    Attributes:
        folder: Where its configuration is.
        server: The server of the issuer and of the resource.
    """

    def __init__(self, folder: Path, server: IssuerServer) -> None:
        self.folder, self.server = folder, server
        self._issuer = LocalIssuer(server.url, audience=server.url)
        server.documents["/jwks"] = {"keys": [key.jwk for key in self._issuer.keys]}
        self.configure()

    def configure(self, more: str = "") -> None:
        """Write a configuration with *more* settings."""
        text = f'resource = "{self.server.url}"\nissuers = [{{ issuer = "{self.server.url}" }}]\n'
        self.write(f"{text}{more}")

    def write(self, text: str) -> None:
        """Write *text* as the configuration."""
        (self.folder / "oauth_guard.toml").write_text(text, encoding="utf-8")

    def token(self, scope: str = "read", **claims: Any) -> str:
        """Return a token with *claims*."""
        return self._issuer.token(scope, **{"sub": SUBJECT, **claims})

    async def walk(self, token: str, *, deadline: float = 20, **request: Any) -> Explained:
        """Return what becomes of a request with *token*."""
        configuration = load_config(self.folder / "oauth_guard.toml", {}, replacements=TRACING)
        return await walk(configuration, Presented(token, **request), deadline)


@contextmanager
def explained_world(folder: Path) -> Iterator[ExplainedWorld]:
    """Run the issuer of a world in *folder*."""
    with issuer_server() as server:
        yield ExplainedWorld(folder, server)
