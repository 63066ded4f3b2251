"""PolicyMetadata: finds the endpoint of a policy decision point in its metadata (AuthZEN §9)."""

from urllib.parse import urlsplit

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import JSON, Fetcher
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.mismatch import mismatch, shown
from oauth_guard.protocol.urls import parse_url

__all__ = ["EVALUATION", "PolicyMetadata", "policy_metadata_url"]

EVALUATION = "access_evaluation_endpoint"
"""The member of the metadata with the URL of the Access Evaluation API."""

_IDENTIFIER = "policy_decision_point"
_DEFAULT_PATH = "/access/v1/evaluation"
_OK, _NOT_FOUND = 200, 404


def policy_metadata_url(identifier: str) -> str:
    """Return the URL of the metadata of a policy decision point (AuthZEN 1.0 §9.2)."""
    parts = urlsplit(identifier)
    path = parts.path.removesuffix("/")
    return parts._replace(path=f"/.well-known/authzen-configuration{path}").geturl()


class PolicyMetadata:
    """Finds the URL of the evaluation endpoint, and caches it until `forget` is called.

    Without metadata, which means status 404, it is the default path below the identifier
    (AuthZEN 1.0 §10.1). `signed_metadata` is ignored, as §9.1.3 allows.

    Args:
        identifier: The identifier of the policy decision point.
        fetcher: Fetches the metadata.
        endpoint: The URL of the endpoint, if it is not taken from the metadata.
        insecure_http: Accept an http URL in the metadata.

    Attributes:
        issuer: The identifier.
    """

    def __init__(
        self, identifier: str, fetcher: Fetcher, endpoint: str | None, *, insecure_http: bool
    ) -> None:
        self.issuer: str = identifier
        self._fetcher, self._insecure_http = fetcher, insecure_http
        self._configured = self._found = endpoint

    def known(self, member: str) -> str | None:  # noqa: ARG002 - there is one endpoint
        """Return the URL if it is configured or cached, else None."""
        return self._found

    def forget(self) -> None:
        """Drop a cached URL; a configured one stays."""
        self._found = self._configured

    async def address(self, member: str) -> str:  # noqa: ARG002 - there is one endpoint
        """Return the URL: the configured one, or that in the metadata.

        Raises:
            IssuerUnavailable: The metadata can't be fetched, or can't be used.
        """
        found = self._found
        if found is None:
            found = self._found = await self._discover()
        return found

    async def _discover(self) -> str:
        source = policy_metadata_url(self.issuer)
        result = await self._fetcher.get_text(source, JSON)
        if result.status == _NOT_FOUND:
            return self.issuer.removesuffix("/") + _DEFAULT_PATH
        if result.status != _OK or result.media_type != JSON:
            response = str(result.status) if result.status != _OK else shown(result.media_type)
            raise self._error(Reason.BAD_RESPONSE, url=source, response=response)
        try:
            members = parse_object(result.body, bounded=False)
        except ValueError:
            raise self._error(Reason.BAD_RESPONSE, url=source, response="no JSON object") from None
        if members.get(_IDENTIFIER) != self.issuer:  # §9.2.3
            wrong = mismatch([self.issuer], members.get(_IDENTIFIER))
            raise self._error(Reason.WRONG_METADATA, url=source, member=_IDENTIFIER, **wrong)
        url = members.get(EVALUATION)
        try:
            parse_url(url, setting=EVALUATION, insecure_http=self._insecure_http)
        except ConfigurationError:  # the fault of the server, not of the operator
            wrong = {"member": EVALUATION, "found": shown(url)}
            raise self._error(Reason.WRONG_METADATA, url=source, **wrong) from None
        return str(url)

    def _error(self, reason: Reason, **detail: str) -> IssuerUnavailable:
        return IssuerUnavailable(self.issuer, reason).about(**detail)
