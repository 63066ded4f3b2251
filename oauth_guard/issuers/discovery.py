"""Discovery: find an issuer's endpoints in its authorization server metadata (RFC 8414)."""

import asyncio
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import JWK_SET, Document, Fetcher, HTTPClient
from oauth_guard.protocol.mismatch import mismatch, shown
from oauth_guard.protocol.urls import origins_of, parse_url

__all__ = ["Discovery", "EndpointFinder", "find_endpoints", "metadata_urls"]


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Return the URLs where the metadata of *issuer* may be, in the order to try them.

    First the one of RFC 8414 §3.1, then OpenID Connect's name inserted by the same rule (§5),
    then OpenID Connect Discovery's own form, which appends the name to the path of the issuer.
    """
    parts = urlsplit(issuer)
    path = parts.path.removesuffix("/")
    paths = (
        f"/.well-known/oauth-authorization-server{path}",
        f"/.well-known/openid-configuration{path}",
        f"{path}/.well-known/openid-configuration",
    )
    return tuple(parts._replace(path=path).geturl() for path in dict.fromkeys(paths))


class EndpointFinder(Protocol):
    """Finds the URLs of the endpoints of one server."""

    @property
    def issuer(self) -> str:
        """The configured identifier of the server."""
        ...

    def known(self, member: str) -> str | None:
        """Return the URL of *member* if it is configured or cached, else None."""
        ...

    async def address(self, member: str) -> str:
        """Return the URL of *member*: the configured one, or that in the metadata.

        Raises:
            IssuerUnavailable: It can't be found.
        """
        ...

    def forget(self) -> None:
        """Drop cached URLs, so that the metadata is read again; configured URLs stay."""
        ...


class Discovery:
    """Finds the endpoint URLs of one issuer, and caches them until `forget` is called.

    Args:
        issuer: The issuer identifier.
        fetcher: Fetches the metadata.
        metadata_url: The URL of the metadata, if it is not derived from the identifier.
        metadata_issuer: The identifier in the metadata, if it is not *issuer*.
        jwks_uri: The URL of the key set, if it is not taken from the metadata.
        introspection_endpoint: The URL of the introspection endpoint, if it is not taken from
            the metadata.
        token_endpoint: The URL of the token endpoint, if it is not taken from the metadata.
        insecure_http: Accept http URLs in the metadata.
        mtls: Prefer the `mtls_endpoint_aliases` of the metadata (RFC 8705 §5).

    Attributes:
        issuer: The issuer identifier.
        fetcher: Fetches the metadata.
        metadata_issuer: The string that `issuer` in the metadata must be identical to.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword
        self,
        issuer: str,
        fetcher: Fetcher,
        *,
        metadata_url: str | None = None,
        metadata_issuer: str | None = None,
        jwks_uri: str | None = None,
        introspection_endpoint: str | None = None,
        token_endpoint: str | None = None,
        insecure_http: bool,
        mtls: bool = False,
    ) -> None:
        self.issuer: str = issuer
        self.metadata_issuer = metadata_issuer or issuer
        self.fetcher = fetcher
        self._metadata_url = metadata_url
        configured = {
            "jwks_uri": jwks_uri,
            "introspection_endpoint": introspection_endpoint,
            "token_endpoint": token_endpoint,
        }
        self._configured = {member: url for member, url in configured.items() if url}
        self._found = dict(self._configured)
        self._former: dict[str, str] = {}
        self._insecure_http = insecure_http
        self._mtls = mtls

    async def jwks_uri(self) -> str:
        """Return the URL of the key set: the configured one, or the one in the metadata.

        Raises:
            IssuerUnavailable: No metadata URL has a usable document.
        """
        return await self.address("jwks_uri")

    async def address(self, member: str) -> str:
        """Return the URL of the endpoint *member*: the configured one, or that in the metadata.

        The metadata URLs are tried in turn until one has a usable document. A timeout or a
        failed connection ends the search, since all URLs are on the same host. If there is none,
        a URL that was known before `expire` is returned.

        Raises:
            IssuerUnavailable: No metadata URL has a usable document, and no URL was known.
        """
        if member not in self._found:
            former = self._former.pop(member, None)
            try:
                self._found[member] = await self._discover(member)
            except IssuerUnavailable:
                if former is None:
                    raise
                self._found[member] = former
            except asyncio.CancelledError:  # the deadline of the caller
                if former is not None:
                    self._found[member] = former
                raise
        return self._found[member]

    def known(self, member: str) -> str | None:
        """Return the URL of *member* if it is configured or cached, else None; sends no request."""
        return self._found.get(member)

    async def fetch_keys(self) -> Document:
        """Fetch the key set from its URL; its keys are not checked here.

        Raises:
            IssuerUnavailable: The URL is not found, or has no JSON object.
        """
        return await self.fetcher.get(await self.jwks_uri(), JWK_SET)

    async def aclose(self) -> None:
        """Close the HTTP client that the fetcher opened."""
        await self.fetcher.aclose()

    def expire(self) -> None:
        """Read the metadata again at the next use; if that fails, use the known URLs after it."""
        self._former = {**self._former, **self._found}
        self._found = dict(self._configured)

    def forget(self) -> None:
        """Drop cached URLs, so that the metadata is read again; configured URLs stay."""
        self._found = dict(self._configured)

    async def _discover(self, member: str) -> str:
        failure = IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE)
        configured = self._metadata_url
        for url in (configured,) if configured else metadata_urls(self.metadata_issuer):
            try:
                return self._read(await self.fetcher.get(url), member, url)
            except IssuerUnavailable as error:
                if error.reason not in {Reason.BAD_RESPONSE, Reason.WRONG_METADATA}:
                    raise
                if failure.reason is not Reason.WRONG_METADATA:  # more specific than a later 404
                    failure = error
        raise failure

    def _read(self, document: Document, member: str, source: str) -> str:
        """Return *member* of *document*, after checking `issuer` (RFC 8414 §3.3) and the URL."""
        members = document.members
        if document.media_type != "application/json":
            error = IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE)
            raise error.about(url=source, media_type=shown(document.media_type))
        wrong = IssuerUnavailable(self.issuer, Reason.WRONG_METADATA)
        if members.get("issuer") != self.metadata_issuer:
            found = mismatch([self.metadata_issuer], members.get("issuer"))
            raise wrong.about(url=source, member="issuer", **found)
        aliases = members.get("mtls_endpoint_aliases") if self._mtls else None
        url = aliases.get(member) if isinstance(aliases, dict) else None
        url = members.get(member) if url is None else url
        if not isinstance(url, str):
            raise wrong.about(url=source, member=member)
        try:
            parse_url(url, setting=member, insecure_http=self._insecure_http)
        except ConfigurationError:  # the fault of the issuer, not of the operator
            raise wrong.about(url=source, member=member, found=shown(url)) from None
        return url


def find_endpoints(  # noqa: PLR0913 - settings
    issuer: str,
    metadata_issuer: str | None,
    http: HTTPClient | None,
    urls: Mapping[str, str | None],
    *,
    insecure_http: bool,
    mtls: bool = False,
    connections: int = 0,
) -> Discovery:
    """Return a discovery that fetches with *http*, or else with a client of its own.

    *urls* may contain `metadata_url`, `jwks_uri` and `endpoint`, the introspection endpoint, or
    `token_endpoint`.
    """
    origins = origins_of(issuer, metadata_issuer, *urls.values())
    return Discovery(
        issuer,
        Fetcher(issuer, http, origins, connections=connections),
        metadata_url=urls.get("metadata_url"),
        metadata_issuer=metadata_issuer,
        jwks_uri=urls.get("jwks_uri"),
        introspection_endpoint=urls.get("endpoint"),
        token_endpoint=urls.get("token_endpoint"),
        insecure_http=insecure_http,
        mtls=mtls,
    )
