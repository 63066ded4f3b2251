"""Resource indicators: a client may say which resource its token is for (RFC 8707)."""

from typing import Any

from authlib.oauth2 import OAuth2Error

from demo_api.authorization_server.requests import ServerRequest


class InvalidTargetError(OAuth2Error):
    """The resource is not one we issue tokens for (RFC 8707 §2)."""

    error = "invalid_target"
    description = "There is no such resource here."


class ResourceIndicator:
    """There is one resource, so naming it is allowed and naming another is refused."""

    def __init__(self, resource: str) -> None:
        """Accept *resource* alone."""
        self._resource = resource

    def __call__(self, grant: Any) -> None:
        """Extend *grant*: check the authorization request once its redirect_uri is known good."""
        grant.register_hook(
            "after_validate_authorization_request_payload",
            lambda grant, _: self.check(grant.request),
        )

    def check(self, request: ServerRequest) -> None:
        """Raise InvalidTargetError where another resource is named."""
        if any(one != self._resource for one in request.payload.datalist.get("resource", [])):
            raise InvalidTargetError
