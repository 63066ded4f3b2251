"""requires() for FastAPI, a ready `Security(...)`; Caller; and document() for OpenAPI."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Unpack

from fastapi import FastAPI, Security
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.models import HTTPBearer, OAuth2, OAuthFlowAuthorizationCode, OAuthFlows
from fastapi.requests import HTTPConnection
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.requirement import Requirement, RequirementSettings
from oauth_guard.protocol.scopes import ScopeExpression
from oauth_guard.starlette import admit

__all__ = ["Caller", "document", "requires"]

_SCHEME = "OAuth2"


def requires(*scopes: str | ScopeExpression, **settings: Unpack[RequirementSettings]) -> Any:
    """Return a dependency that admits only callers who satisfy every argument.

    Use it as `dependencies=[requires("write")]`, or as a parameter that receives the caller:
    `caller: Annotated[Identity, requires("read")]`. It is one dependency and needs no thread.
    Below a `Security(..., scopes=[...])` of the application, those scopes are required too.

    OpenAPI lists the scopes. FastAPI can't write alternatives there, so it lists the first
    alternative, which is also the one that a challenge names.

    Args:
        scopes: The scopes that the token must grant; `scope("a") | scope("b")` for alternatives.
        settings: The other requirements: see `RequirementSettings`.

    Raises:
        ConfigurationError: A scope is malformed, or a setting is unknown. On a request: there is
            no middleware around the application, or the route introspects and an issuer of the
            guard can't do so.
    """
    requirement = Requirement.of(*scopes, **settings)
    listed = requirement.scopes.alternatives[0] if requirement.scopes is not None else ()
    # Not cached: FastAPI would use one result for a dependency alone and below a `Security`.
    return Security(_Required(requirement), scopes=[*map(_Listed, listed)], use_cache=False)


def document(
    app: FastAPI, *, authorization_url: str, token_url: str, scopes: Mapping[str, str]
) -> None:
    """Add the authorization code flow to the application's OpenAPI document.

    The docs page can then obtain a token. Without this, OpenAPI says only that a bearer token is
    required.

    Args:
        app: The application whose routes use `requires` or `Caller`.
        authorization_url: The authorization endpoint.
        token_url: The token endpoint.
        scopes: Each scope with a description for the resource owner.
    """
    flow = OAuthFlowAuthorizationCode(
        authorizationUrl=authorization_url, tokenUrl=token_url, scopes=dict(scopes)
    )
    scheme = jsonable_encoder(OAuth2(flows=OAuthFlows(authorizationCode=flow)), exclude_none=True)
    undocumented = app.openapi

    def openapi() -> dict[str, Any]:
        schema = undocumented()
        schemes = schema.get("components", {}).get("securitySchemes", {})
        if _SCHEME in schemes:
            schemes[_SCHEME] = scheme
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI says to extend its OpenAPI


class _Listed(str):
    """A scope that OpenAPI lists for one of our dependencies, not for an enclosing one."""

    __slots__ = ()


class _Required(SecurityBase):
    """A requirement as a dependency, which is also the security scheme that OpenAPI shows.

    All share one scheme, so OpenAPI shows several on one route as required together.
    """

    model = HTTPBearer()
    scheme_name = _SCHEME

    def __init__(self, requirement: Requirement) -> None:
        self._requirement = requirement

    async def __call__(self, connection: HTTPConnection, shown: SecurityScopes) -> Identity:
        # OpenAPI shows the scopes of each enclosing `Security` too, so they are required here.
        inherited = [name for name in shown.scopes if not isinstance(name, _Listed)]
        if not inherited:
            return await admit(connection, self._requirement)
        own = [self._requirement.scopes] if self._requirement.scopes is not None else []
        scopes = Requirement.of(*own, *inherited).scopes
        return await admit(connection, replace(self._requirement, scopes=scopes))


Caller = Annotated[Identity, requires()]
"""The caller of a route that requires a valid token and nothing more."""
