"""Attack: a request that no guarded route may serve, with its name and a sentence about it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from oauth_guard.errors import ConfigurationError
from oauth_guard.testing.issuer import LocalIssuer

__all__ = ["HANDSHAKE", "Attack", "Build", "Target"]

_REJECTED = frozenset({400, 401, 403, 413})
_MARK = "attacker"

HANDSHAKE = "WEBSOCKET"
"""The method of a target that is a handshake, as in `public=` of the middleware."""


@dataclass(frozen=True)
class Target:
    """The request that a caller with a good token would be allowed to send.

    Attributes:
        method: Its method; `WEBSOCKET` for a handshake.
        url: Its path or URL.
        scopes: The scopes that its token must grant.
        claims: Further claims that its token must have.
    """

    method: str = "GET"
    url: str = "/"
    scopes: Sequence[str] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_handshake(self) -> bool:
        """Whether it is the handshake of a WebSocket."""
        return self.method == HANDSHAKE

    def genuine_claims(self, issuer: LocalIssuer) -> dict[str, Any]:
        """Return the claims of a good token."""
        return issuer.claims(*self.scopes, **self.claims)

    def genuine_token(self, issuer: LocalIssuer) -> str:
        """Return a good token."""
        return issuer.token(*self.scopes, **self.claims)


Build: TypeAlias = Callable[[LocalIssuer, Target], Mapping[str, Any]]
"""Returns the parts of the request that differ from that of the target."""


@dataclass(frozen=True)
class Attack:
    """One attack on one request of an application.

    Attributes:
        name: A short name, which pytest shows as the id of the test.
        sentence: What the attacker does, and what the application must not do.
        target: The request that it imitates.
        build: Builds it.
    """

    name: str
    sentence: str
    target: Target
    build: Build = field(repr=False)

    @property
    def __name__(self) -> str:  # pytest reads the id of a parameter here
        """The name."""
        return self.name

    def request(self, issuer: LocalIssuer) -> dict[str, Any]:
        """Return the keyword arguments for the `request` of an httpx client or a `TestClient`.

        These are `method`, `url`, `headers` (pairs), and `content` if there is a body.

        Args:
            issuer: The local issuer that the guard of the application trusts.

        Raises:
            ConfigurationError: It is an attack on a handshake.
        """
        if self.target.is_handshake:
            raise ConfigurationError("an attack on a handshake has a `handshake` and no `request`.")
        genuine = {"method": self.target.method, "url": self.target.url, "headers": []}
        return {**genuine, **self.build(issuer, self.target)}

    def handshake(self, issuer: LocalIssuer) -> dict[str, Any]:
        """Return the keyword arguments for a `LocalWebSocket`: `url`, `headers`, `subprotocols`.

        Args:
            issuer: The local issuer that the guard of the application trusts.

        Raises:
            ConfigurationError: It is no attack on a handshake.
        """
        if not self.target.is_handshake:
            raise ConfigurationError('handshake() is for attacks("WEBSOCKET /path").')
        genuine = {"url": self.target.url, "headers": [], "subprotocols": []}
        return {**genuine, **self.build(issuer, self.target)}

    def check(self, response: Any) -> None:
        """Check that *response* rejects the attack, and repeats nothing of it.

        `detail` and `trace`, which a guard with `debug=True` adds to its body, are not checked:
        they show the developer what was found.

        Raises:
            AssertionError: The request was served, caused an error of the server, or a value that
                the attacker chose is in the response.
        """
        if response.status_code not in _REJECTED:
            raise AssertionError(
                f"{self.name}: {self.sentence} The response has status {response.status_code}, "
                "and should have 400, 401 or 403."
            )
        shown = f"{response.headers!r}{_without_debug(response.content)!r}"
        if _MARK in shown.lower():
            raise AssertionError(f"{self.name}: the response contains a value of the attacker.")


def _without_debug(content: bytes) -> object:
    """Return *content* as JSON without `detail` and `trace`; any other content as it is."""
    try:
        members = json.loads(content)
    except ValueError:
        return content
    if isinstance(members, dict) and "reason" in members:
        for name in ("detail", "trace"):
            members.pop(name, None)
    return members
