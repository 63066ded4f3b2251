"""Resource indicators: a client says which resources its token is for (RFC 8707)."""

from typing import Any

from authlib.oauth2 import OAuth2Error

from demo_api.authorization_server.requests import ServerRequest
from demo_api.authorization_server.settings import Settings


class InvalidTargetError(OAuth2Error):
    """This server issues no tokens for the resource (RFC 8707 §2)."""

    error = "invalid_target"
    description = "There is no such resource here, or it was not requested at first."


class ResourceIndicators:
    """Accepts the resources of this server and rejects every other.

    URLs are compared character by character. An authorization is for the resources that its
    request names, and each of its tokens for those of them that the token request names; a request
    that names none means all of them, and at first the default.
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

    def of_token(self, request: ServerRequest) -> list[str]:
        """Return the resources of the token for a validated token request.

        Raises:
            InvalidTargetError: It names one that was not authorized (RFC 8707 §2.2).
        """
        source = request.authorization_code or request.refresh_token
        if source is None:
            return self.of_authorization(request)
        authorized: list[str] = source.authorization.resources
        if not set(authorized).issuperset(_named(request)):
            raise InvalidTargetError
        return _named(request) or authorized


def _named(request: ServerRequest) -> list[str]:
    return list(dict.fromkeys(request.payload.datalist.get("resource", [])))
