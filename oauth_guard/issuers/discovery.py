"""Discovery: find an issuer's endpoints in its authorization server metadata (RFC 8414)."""

import asyncio
from urllib.parse import urlsplit

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Document, Fetcher
from oauth_guard.protocol.urls import parse_url

__all__ = ["Discovery", "metadata_urls"]


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


class Discovery:
    """Finds the endpoint URLs of one issuer, and caches them until `forget` is called.

    Args:
        issuer: The issuer identifier.
        fetcher: Fetches the metadata.
        metadata_url: The URL of the metadata, if it is not derived from *issuer*.
        jwks_uri: The URL of the key set, if it is not taken from the metadata.
        introspection_endpoint: The URL of the introspection endpoint, if it is not taken from
            the metadata.
        insecure_http: Accept http URLs in the metadata.
        mtls: Prefer the `mtls_endpoint_aliases` of the metadata (RFC 8705 §5).

    Attributes:
        issuer: The issuer identifier; `issuer` in the metadata must be the identical string.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword
        self,
        issuer: str,
        fetcher: Fetcher,
        *,
        metadata_url: str | None,
        jwks_uri: str | None = None,
        introspection_endpoint: str | None = None,
        insecure_http: bool,
        mtls: bool = False,
    ) -> None:
        self.issuer = issuer
        self._fetcher = fetcher
        self._urls = (metadata_url,) if metadata_url else metadata_urls(issuer)
        configured = {"jwks_uri": jwks_uri, "introspection_endpoint": introspection_endpoint}
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
        return await self._fetcher.get(await self.jwks_uri())

    async def aclose(self) -> None:
        """Close the HTTP client that the fetcher opened."""
        await self._fetcher.aclose()

    def expire(self) -> None:
        """Read the metadata again at the next use; if that fails, use the known URLs after it."""
        self._former = {**self._former, **self._found}
        self._found = dict(self._configured)

    def forget(self) -> None:
        """Drop cached URLs, so that the metadata is read again; configured URLs stay."""
        self._found = dict(self._configured)

    async def _discover(self, member: str) -> str:
        failure = IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE)
        for url in self._urls:
            try:
                return self._read(await self._fetcher.get(url), member)
            except IssuerUnavailable as error:
                if error.reason not in {Reason.BAD_RESPONSE, Reason.WRONG_METADATA}:
                    raise
                if failure.reason is not Reason.WRONG_METADATA:  # more specific than a later 404
                    failure = error
        raise failure

    def _read(self, document: Document, member: str) -> str:
        """Return *member* of *document*, after checking `issuer` (RFC 8414 §3.3) and the URL."""
        members = document.members
        if document.media_type != "application/json":
            raise IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE)
        aliases = members.get("mtls_endpoint_aliases") if self._mtls else None
        url = aliases.get(member) if isinstance(aliases, dict) else None
        url = members.get(member) if url is None else url
        if members.get("issuer") != self.issuer or not isinstance(url, str):
            raise IssuerUnavailable(self.issuer, Reason.WRONG_METADATA)
        try:
            parse_url(url, setting=member, insecure_http=self._insecure_http)
        except ConfigurationError:  # the fault of the issuer, not of the operator
            raise IssuerUnavailable(self.issuer, Reason.WRONG_METADATA) from None
        return url
