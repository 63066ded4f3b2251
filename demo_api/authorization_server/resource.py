"""Resource indicators: a client says which resource its token is for (RFC 8707)."""

from typing import Any

from authlib.oauth2 import OAuth2Error

from demo_api.authorization_server.requests import ServerRequest
from demo_api.authorization_server.settings import Settings


class InvalidTargetError(OAuth2Error):
    """This server issues no tokens for the resource (RFC 8707 §2)."""

    error = "invalid_target"
    description = "Name one resource of this server that was requested at first."


class ResourceIndicators:
    """Accepts the resources of this server and rejects every other.

    URLs are compared character by character. An authorization is for the resources that its
    request names, or for the default. Each of its tokens is for one of them, which the token
    request names unless there is only one: with a token for several, each of their servers could
    call the others (RFC 9700 §2.3).
    """

    def __init__(self, settings: Settings) -> None:
        """Accept the resources of *settings*."""
        self._default = settings.resource
        self._known = {settings.resource, *settings.more_resources}

    def __call__(self, grant: Any) -> None:
        """Extend *grant*: check its requests after their client is known."""
        grant.register_hook(
            "after_validate_authorization_request_payload",
            lambda grant, _: self.of_authorization(grant.request),
        )
        grant.register_hook(
            "before_create_token_response",
            lambda grant: grant.server.issue_for(self.of_token(grant.request)),
        )

    def check(self, request: ServerRequest) -> None:
        """Raise InvalidTargetError if the request names a resource that is not here."""
        if not self._known.issuperset(_named(request)):
            raise InvalidTargetError

    def of_authorization(self, request: ServerRequest) -> list[str]:
        """Return the resources of an authorization request, or raise InvalidTargetError."""
        self.check(request)
        return _named(request) or [self._default]

    def of_token(self, request: ServerRequest) -> str:
        """Return the resource of the token for a validated token request.

        Raises:
            InvalidTargetError: It names one that was not authorized (RFC 8707 §2.2), or several.
        """
        source = request.authorization_code or request.refresh_token
        authorized: list[str] = source.authorization.resources if source else []
        requested = _named(request) or authorized or [self._default]
        if len(requested) > 1 or (authorized and requested[0] not in authorized):
            raise InvalidTargetError
        self.check(request)
        return requested[0]


def _named(request: ServerRequest) -> list[str]:
    return list(dict.fromkeys(request.payload.datalist.get("resource", [])))
