"""Checks of configured URLs: resources, issuers and endpoints (RFC 8414 §2, RFC 9728 §1.2)."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from oauth_guard.errors import ConfigurationError

__all__ = [
    "DEFAULT_PORTS",
    "check_issuer_urls",
    "is_loopback",
    "is_secure",
    "origins_of",
    "parse_url",
]

DEFAULT_PORTS = {"https": 443, "http": 80}

_URI_CHARACTERS = frozenset(map(chr, range(0x21, 0x7F))) - set('"<>\\^`{|}')


def parse_url(url: object, *, setting: str, insecure_http: bool = False) -> SplitResult:
    """Split *url*, the value of *setting*.

    The host is not resolved. Query and path are not restricted.

    Raises:
        ConfigurationError: *url* is not an absolute https URL, or has a user, password or
            fragment. http is accepted for loopback hosts, and with *insecure_http*.
    """
    example = f'{setting} must be an absolute https URL like "https://example.com/path"'
    if not isinstance(url, str):
        end = ": is a variable of the environment unset?" if url is None else "."
        raise ConfigurationError(f"{example}, not {url!r}{end}")
    if not _URI_CHARACTERS.issuperset(url):
        raise ConfigurationError(f"{example}; {url!r} has characters that no URL has.")
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # reading it checks it
    except ValueError:
        raise ConfigurationError(f"{example}; {url!r} can't be read.") from None
    if not host or parts.scheme not in {"https", "http"}:
        raise ConfigurationError(f"{example}, not {url!r}.")
    if "#" in url or "@" in parts.netloc:
        raise ConfigurationError(f"{example}, without fragment, user or password.")
    if not (insecure_http or is_secure(parts)):
        raise ConfigurationError(
            f"{example}, not {url!r}: http is for loopback hosts; inside a private network "
            "write insecure_http=True."
        )
    return parts


def check_issuer_urls(issuer: str, *, insecure_http: bool, **urls: str | None) -> None:
    """Check an issuer identifier and its other *urls*, each named by its setting (RFC 8414 §2).

    Raises:
        ConfigurationError: *issuer* has a query, or `parse_url` rejects one of the URLs.
    """
    parse_url(issuer, setting="issuer", insecure_http=insecure_http)
    if "?" in issuer:
        raise ConfigurationError(f"issuer must have no query, unlike {issuer!r}.")
    for setting, url in urls.items():
        if url:
            parse_url(url, setting=f"{setting}=", insecure_http=insecure_http)


def origins_of(*urls: str | None) -> frozenset[tuple[str, int]]:
    """Return host and port of each of *urls* that is set and has a host."""
    split = (urlsplit(url) for url in urls if url)
    return frozenset(
        (parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme])
        for parts in split
        if parts.hostname
    )


def is_secure(parts: SplitResult) -> bool:
    """Return whether a URL is https, or http to a loopback host."""
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts))


def is_loopback(parts: SplitResult) -> bool:
    """Return whether the host of a URL is `localhost` or a loopback address."""
    try:
        return (
            parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
        )
    except ValueError:
        return False
