"""Resource indicators: a client may say which resource its token is for (RFC 8707)."""

from typing import Any

from authlib.oauth2 import OAuth2Error

from demo_api.authorization_server.requests import ServerRequest


class InvalidTargetError(OAuth2Error):
    """This server issues no tokens for the resource (RFC 8707 §2)."""

    error = "invalid_target"
    description = "There is no such resource here."


class ResourceIndicator:
    """Accepts the one resource of this server and rejects every other."""

    def __init__(self, resource: str) -> None:
        """Accept *resource* only."""
        self._resource = resource

    def __call__(self, grant: Any) -> None:
        """Extend *grant*: check the authorization request after its redirect_uri is validated."""
        grant.register_hook(
            "after_validate_authorization_request_payload",
            lambda grant, _: self.check(grant.request),
        )

    def check(self, request: ServerRequest) -> None:
        """Raise InvalidTargetError if the request names another resource."""
        if any(each != self._resource for each in request.payload.datalist.get("resource", [])):
            raise InvalidTargetError
