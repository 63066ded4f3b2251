"""Checks of configured URLs: resources, issuers and endpoints (RFC 8414 §2, RFC 9728 §1.2)."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from oauth_guard.errors import ConfigurationError

__all__ = [
    "DEFAULT_PORTS",
    "check_issuer_urls",
    "is_issuer_url",
    "is_loopback",
    "is_same_resource",
    "is_secure",
    "origins_of",
    "parse_url",
    "serialize_origin",
]

_WELL_KNOWN = "/.well-known/"
_METADATA = re.compile(r"/\.well-known/(openid-configuration|oauth-authorization-server)")

# Scheme and authority, if they are ASCII: other letters are never the same as one of another case.
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[!-~]*?(?=[/?#]|\Z)")

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


def check_issuer_urls(
    issuer: str,
    metadata_issuer: str | None = None,
    *,
    insecure_http: bool,
    is_located: bool = False,
    **urls: str | None,
) -> str | None:
    """Check an issuer identifier and its other *urls*, each named by its setting (RFC 8414 §2).

    Return the identifier by which its metadata is found; None if that is no URL.

    Nothing is derived from *issuer* if *is_located*, or if *metadata_issuer* replaces it in the
    metadata: then it is a name that is only compared, and may be any text (RFC 7519 §4.1.1).

    Args:
        issuer: The issuer identifier.
        metadata_issuer: The identifier in the metadata, if it differs.
        insecure_http: Accept http for hosts that are not loopback.
        is_located: Whether keys and endpoints are found without deriving a URL.
        urls: Other URLs of the issuer; None if not set.

    Raises:
        ConfigurationError: A name is empty or no text, a URL is derived from it and it is none or
            has a query, or `parse_url` rejects one of the URLs.
    """
    names = {"issuer": issuer, "metadata_issuer=": metadata_issuer}
    derived = "issuer" if metadata_issuer is None else "metadata_issuer="
    for setting, name in names.items():
        _check_not_metadata(name, setting)
        if setting == derived and not is_located:
            _check_issuer_url(name, setting, insecure_http=insecure_http)
        elif name is not None or setting == "issuer":
            _check_name(name, setting)
    for setting, url in urls.items():
        if url is not None:
            _check_url(url, setting, insecure_http=insecure_http)
    published = metadata_issuer or issuer
    return published if is_issuer_url(published, insecure_http=insecure_http) else None


def is_issuer_url(name: object, *, insecure_http: bool) -> bool:
    """Return whether metadata can be found by *name*: whether it is an https URL without query."""
    try:
        _check_issuer_url(name, "issuer", insecure_http=insecure_http)
    except ConfigurationError:
        return False
    return True


def origins_of(*urls: str | None) -> frozenset[tuple[str, int]]:
    """Return host and port of each of *urls* that is an http or https URL; others are skipped."""
    origins: set[tuple[str, int]] = set()
    for url in urls:
        try:
            parts = urlsplit(url or "")
            port = parts.port or DEFAULT_PORTS.get(parts.scheme)
        except ValueError:  # an issuer's name that is no URL
            continue
        if parts.hostname and port and parts.scheme in DEFAULT_PORTS:
            origins.add((parts.hostname, port))
    return frozenset(origins)


def _check_issuer_url(issuer: object, setting: str, *, insecure_http: bool) -> None:
    try:
        parts = parse_url(issuer, setting=setting, insecure_http=insecure_http)
    except ConfigurationError as error:
        if not isinstance(issuer, str):
            raise
        raise ConfigurationError(
            f"{error} For an issuer with another name, say where its keys or endpoint are: write "
            "keys=, jwks_uri=, endpoint= or metadata_url=."
        ) from None
    if parts.query or "?" in str(issuer):
        raise ConfigurationError(f"{setting} must have no query, unlike {issuer!r}.")


def _check_url(url: str, setting: str, *, insecure_http: bool) -> None:
    parse_url(url, setting=f"{setting}=", insecure_http=insecure_http)
    if setting != "metadata_url" and _METADATA.search(url):
        raise ConfigurationError(f"{setting}= is the URL of metadata: write metadata_url=.")


def _check_not_metadata(name: object, setting: str) -> None:
    if isinstance(name, str) and _WELL_KNOWN in name:
        raise ConfigurationError(
            f"{setting} is the identifier, which its tokens have in `iss`, not {name!r}: write "
            f"{name.partition(_WELL_KNOWN)[0]!r}, and the URL of its metadata or keys, if it "
            "must be set, as metadata_url= or jwks_uri=."
        )


def _check_name(name: object, setting: str) -> None:
    if not isinstance(name, str) or not name or name != name.strip() or not name.isprintable():
        end = ": is a variable of the environment unset?" if name is None else "."
        raise ConfigurationError(
            f"{setting} must be the issuer's name as its tokens and metadata spell it, not "
            f"{name!r}{end}"
        )


def is_same_resource(first: str, second: str) -> bool:
    """Return whether two URLs differ at most in the case of scheme and host (RFC 3986 §6.2.2.1)."""
    return _with_lower_host(first) == _with_lower_host(second)


def _with_lower_host(url: str) -> tuple[str, str]:
    parts = _AUTHORITY.match(url)
    end = 0 if parts is None else parts.end()
    return url[:end].lower(), url[end:]


def serialize_origin(url: str) -> bytes:
    """Return the origin of an http or https *url*, as browsers write it in `Origin`."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in {None, DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}".encode()


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
