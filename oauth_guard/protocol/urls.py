"""Which URLs may name a resource, an issuer or an endpoint (RFC 8414 §2, RFC 9728 §1.2)."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from oauth_guard.errors import ConfigurationError

__all__ = ["DEFAULT_PORTS", "is_loopback", "is_secure", "origins_of", "parse_url"]

DEFAULT_PORTS = {"https": 443, "http": 80}

_URI_CHARACTERS = frozenset(map(chr, range(0x21, 0x7F))) - set('"<>\\^`{|}')


def parse_url(url: object, *, setting: str, insecure_http: bool = False) -> SplitResult:
    """Split the *url* that was configured as *setting*.

    Raises:
        ConfigurationError: It is not an absolute https URL without user, password and fragment
            (http is for loopback hosts, or *insecure_http*).
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
        _ = parts.port  # read to have it checked
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


def origins_of(*urls: str | None) -> frozenset[tuple[str, int]]:
    """Return host and port of those *urls* that were configured."""
    parts = [urlsplit(url) for url in urls if url]
    return frozenset(
        (each.hostname, each.port or DEFAULT_PORTS[each.scheme]) for each in parts if each.hostname
    )


def is_secure(parts: SplitResult) -> bool:
    """Tell whether a URL is https, or does not leave this machine."""
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts))


def is_loopback(parts: SplitResult) -> bool:
    """Tell whether a URL's host is `localhost` or a loopback address."""
    try:
        return (
            parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
        )
    except ValueError:
        return False
