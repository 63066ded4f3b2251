"""Authorization server metadata: where it is, and whether it speaks for the issuer (RFC 8414)."""

from urllib.parse import urlsplit

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Document, Fetcher
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
    """Finds the endpoints of one issuer, and remembers where they were found.

    Args:
        issuer: Its identifier.
        fetcher: Fetches its metadata.
        metadata_url: Where its metadata is, if not where its name says.
        jwks_uri: Where its keys are, if that is not to be looked for.
        introspection_endpoint: Where its introspection endpoint is, likewise.
        insecure_http: Accept an http address in its metadata.
        mtls: Prefer the endpoints for clients that show a certificate (RFC 8705 §5).

    Attributes:
        issuer: The identifier that the metadata must carry, character by character.
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
        self._insecure_http = insecure_http
        self._mtls = mtls

    async def jwks_uri(self) -> str:
        """Return the address of the key set, asking the issuer where it was not configured.

        Raises:
            IssuerUnavailable: No address has a usable document.
        """
        return await self.address("jwks_uri")

    async def address(self, member: str) -> str:
        """Return the address that the metadata has as *member*, unless it was configured.

        A document that can't be used sends us on to the next address; silence does not, since
        all are on one host.

        Raises:
            IssuerUnavailable: No address has a usable document.
        """
        if member not in self._found:
            self._found[member] = await self._discover(member)
        return self._found[member]

    def known(self, member: str) -> str | None:
        """Return the address that was configured as *member*, or found already."""
        return self._found.get(member)

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
        """Ask again next time: something was not, or not all, where it was said to be."""
        self._found = dict(self._configured)

    async def _discover(self, member: str) -> str:
        failure = IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE)
        for url in self._urls:
            try:
                return self._read(await self._fetcher.get(url), member)
            except IssuerUnavailable as error:
                if error.reason not in {Reason.BAD_RESPONSE, Reason.WRONG_METADATA}:
                    raise
                if failure.reason is not Reason.WRONG_METADATA:  # which tells more than a 404
                    failure = error
        raise failure

    def _read(self, document: Document, member: str) -> str:
        """Return *member*, if this is metadata and speaks for the issuer (RFC 8414 §3.3)."""
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
        except ConfigurationError:  # the issuer's, not our operator's
            raise IssuerUnavailable(self.issuer, Reason.WRONG_METADATA) from None
        return url
