"""Authorization server metadata: where it is, and whether it speaks for the issuer (RFC 8414)."""

from urllib.parse import urlsplit

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason
from oauth_guard.issuers.fetch import Document, Fetcher
from oauth_guard.protocol.urls import parse_url

__all__ = ["Discovery", "metadata_urls"]


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Return where the metadata of *issuer* may be, in the order to look (RFC 8414 §3.1, §5).

    First RFC 8414, then OpenID Connect by the same rule, then in OpenID Connect's own form,
    which appends where the others insert.
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
    """Finds the key set of one issuer, and remembers where it was found.

    Attributes:
        issuer: The identifier that the metadata must carry, character by character.
    """

    def __init__(
        self,
        issuer: str,
        fetcher: Fetcher,
        *,
        metadata_url: str | None,
        jwks_uri: str | None,
        insecure_http: bool,
    ) -> None:
        self.issuer = issuer
        self._fetcher = fetcher
        self._urls = (metadata_url,) if metadata_url else metadata_urls(issuer)
        self._configured = jwks_uri
        self._found = jwks_uri
        self._insecure_http = insecure_http

    async def jwks_uri(self) -> str:
        """Return the address of the key set, asking the issuer where it was not configured.

        A document that can't be used sends us on to the next address; silence does not, since
        all are on one host.

        Raises:
            IssuerUnavailable: No address has a usable document.
        """
        if self._found is None:
            self._found = await self._discover()
        return self._found

    async def fetch_keys(self) -> Document:
        """Return the key set as its address has it.

        Raises:
            IssuerUnavailable: It has none, or nobody knows the address.
        """
        return await self._fetcher.get(await self.jwks_uri())

    async def aclose(self) -> None:
        """Close the client."""
        await self._fetcher.aclose()

    def forget(self) -> None:
        """Ask again next time: keys were not, or not all, where they were said to be."""
        self._found = self._configured

    async def _discover(self) -> str:
        failure = IssuerUnavailable(self.issuer, Reason.BAD_ANSWER)
        for url in self._urls:
            try:
                return self._read(await self._fetcher.get(url))
            except IssuerUnavailable as error:
                if error.reason not in {Reason.BAD_ANSWER, Reason.WRONG_METADATA}:
                    raise
                if failure.reason is not Reason.WRONG_METADATA:  # which tells more than a 404
                    failure = error
        raise failure

    def _read(self, document: Document) -> str:
        """Return `jwks_uri`, if this is metadata and speaks for the issuer (RFC 8414 §3.3)."""
        jwks_uri = document.members.get("jwks_uri")
        if document.media_type != "application/json":
            raise IssuerUnavailable(self.issuer, Reason.BAD_ANSWER)
        if document.members.get("issuer") != self.issuer or not isinstance(jwks_uri, str):
            raise IssuerUnavailable(self.issuer, Reason.WRONG_METADATA)
        try:
            parse_url(jwks_uri, setting="jwks_uri", insecure_http=self._insecure_http)
        except ConfigurationError:  # the issuer's, not our operator's
            raise IssuerUnavailable(self.issuer, Reason.WRONG_METADATA) from None
        return jwks_uri
