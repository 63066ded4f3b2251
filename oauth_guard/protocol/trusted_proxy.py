"""TrustedProxy: which requests come from the proxy, by a secret or by the address of the peer."""

import hmac
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from oauth_guard.errors import ConfigurationError

__all__ = ["TrustedProxy", "header_field"]

Network: TypeAlias = IPv4Network | IPv6Network

_FIELD_NAME = re.compile(r"[A-Za-z0-9\-]+")
_MIN_SECRET_BYTES = 16


class TrustedProxy:
    """The proxy in front of a server.

    Attributes:
        secret_field: The header field of the secret, in lower case; empty if there is none.

    Args:
        secret: The name of a field and the secret of 16 characters or more that the proxy writes
            into it: what has the secret comes from the proxy.
        unrewritten_peers: The addresses or networks of the proxies, for a server that gives the
            address of the TCP peer. Most servers replace it by one from `X-Forwarded-For`, unless
            configured otherwise: any client can then claim to be the proxy.
        owner: What has these settings, for the texts of errors.

    Raises:
        ConfigurationError: A name or an address is malformed, the secret is too short, or there
            is not exactly one of *secret* and *unrewritten_peers*.
    """

    def __init__(
        self, secret: tuple[str, str] | None, unrewritten_peers: Iterable[str], *, owner: str
    ) -> None:
        self._networks = _networks(unrewritten_peers)
        if (secret is None) is not bool(self._networks):
            raise ConfigurationError(
                f'{owner} needs secret=("X-Proxy-Secret", "...") or '
                "unrewritten_peers=[...]: one of them says which requests come from the proxy."
            )
        self.secret_field, self._secret = b"", b""
        if secret is not None:
            self.secret_field, self._secret = header_field(secret[0]), secret[1].encode()
            if len(self._secret) < _MIN_SECRET_BYTES:
                raise ConfigurationError("secret= has 16 characters or more.")

    def has_sent(self, headers: Sequence[tuple[bytes, bytes]], peer: str | None) -> bool:
        """Return whether a request comes from the proxy; the secret is compared in constant time.

        A request with the field of the secret twice does not.

        Args:
            headers: The header fields of the request.
            peer: The address of the peer, as the server gives it.
        """
        if self._networks:
            return _is_in(peer, self._networks)
        values = [value for name, value in headers if name.lower() == self.secret_field]
        return len(values) == 1 and hmac.compare_digest(values[0], self._secret)


def header_field(name: str) -> bytes:
    """Return the *name* of a header field in lower case.

    Raises:
        ConfigurationError: It is not letters, digits and hyphens.
    """
    if not _FIELD_NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} is not the name of a header field.")
    return name.lower().encode("ascii")


def _networks(addresses: Iterable[str]) -> tuple[Network, ...]:
    if isinstance(addresses, str):
        raise ConfigurationError(f'unrewritten_peers= takes a list: ["{addresses}"].')
    try:
        networks = tuple(map(ip_network, addresses))
    except ValueError:
        raise ConfigurationError(
            'unrewritten_peers= takes addresses and networks like "10.0.0.5" and "10.1.0.0/16".'
        ) from None
    if any(network.prefixlen == 0 for network in networks):
        raise ConfigurationError(
            "unrewritten_peers= contains every address: name the networks of the proxies."
        )
    return networks


def _is_in(peer: str | None, networks: Iterable[Network]) -> bool:
    try:
        address = ip_address(peer or "")
    except ValueError:
        return False
    # A socket for both versions gives an IPv4 address as ::ffff:10.0.0.5.
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)
