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
    """Return a dependency that lets only callers through who have what is asked, all of it.

    It stands in `dependencies=[requires("write")]`, or gives the caller to the route:
    `caller: Annotated[Identity, requires("read")]`. It is one dependency and costs no thread.
    Where it stands below a `Security(..., scopes=[...])` of yours, those scopes are wanted too.

    OpenAPI lists the scopes. FastAPI can't write alternatives there, so of those it lists the
    first, which is also the one that a challenge names.

    Args:
        scopes: What the token must grant; write alternatives as `scope("a") | scope("b")`.
        settings: What else the caller must have, or be: see `RequirementSettings`.

    Raises:
        ConfigurationError: A scope is malformed, a setting unknown, or, when a request comes, no
            guard stands in front, or one whose issuers can't be asked.
    """
    requirement = Requirement.of(*scopes, **settings)
    listed = requirement.scopes.alternatives[0] if requirement.scopes is not None else ()
    # Not cached: FastAPI would take one asked alone and one asked below a `Security` for equal.
    return Security(_Required(requirement), scopes=[*map(_Listed, listed)], use_cache=False)


def document(
    app: FastAPI, *, authorization_url: str, token_url: str, scopes: Mapping[str, str]
) -> None:
    """Say in the application's OpenAPI how to get a token: by the authorization code flow.

    Its docs page can then sign in by itself. Without this, OpenAPI says that a bearer token
    is wanted, and no more.

    Args:
        app: The application whose routes use `requires` or `Caller`.
        authorization_url: Where the resource owner is asked.
        token_url: Where the client gets the token.
        scopes: Each scope with what it grants, in words for the resource owner.
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
    """A scope as OpenAPI lists it for one of ours, told from those that enclosing ones ask."""

    __slots__ = ()


class _Required(SecurityBase):
    """A requirement as a dependency, and at once the security scheme that OpenAPI shows for it.

    All share one scheme, so several on one route are shown, as they are meant, together.
    """

    model = HTTPBearer()
    scheme_name = _SCHEME

    def __init__(self, requirement: Requirement) -> None:
        self._requirement = requirement

    async def __call__(self, connection: HTTPConnection, shown: SecurityScopes) -> Identity:
        # OpenAPI shows what every `Security` above this one asks too; what is shown must hold.
        inherited = [name for name in shown.scopes if not isinstance(name, _Listed)]
        if not inherited:
            return await admit(connection, self._requirement)
        own = [self._requirement.scopes] if self._requirement.scopes is not None else []
        scopes = Requirement.of(*own, *inherited).scopes
        return await admit(connection, replace(self._requirement, scopes=scopes))


Caller = Annotated[Identity, requires()]
"""The caller of a route that asks for a good token and nothing more."""
