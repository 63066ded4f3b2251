"""requires() and Caller for FastAPI: dependencies; and document(): their scheme in OpenAPI."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, NoReturn, Unpack

from fastapi import FastAPI, params
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.models import HTTPBearer, OAuth2, OAuthFlowAuthorizationCode, OAuthFlows
from fastapi.requests import HTTPConnection
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.requirement import Requirement, RequirementSettings
from oauth_guard.protocol.scopes import ScopeExpression
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.starlette import admit

__all__ = ["Caller", "document", "requires"]

_SCHEME = "OAuth2"
_ADVICE = (
    'write dependencies=[requires("read")] at the route, or the parameter '
    'caller: Annotated[Identity, requires("read")]'
)


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
    return _Dependency(_Required(requirement), scopes=[*map(_Listed, listed)], use_cache=False)


@checked_settings
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


class _Dependency(params.Security):
    """The `Security(...)` that `requires` returns; FastAPI calls no method of it.

    A method is called only where it is written in a wrong place.
    """

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Reject `@requires(...)`."""
        raise ConfigurationError(
            f"requires() of oauth_guard.fastapi is no decorator: {_ADVICE}. The decorator is in "
            "oauth_guard.starlette."
        )

    def __iter__(self) -> NoReturn:
        """Reject `dependencies=requires(...)`."""
        raise ConfigurationError(f"dependencies= takes a list: {_ADVICE}.")

    @property
    def __signature__(self) -> NoReturn:
        """Reject `Depends(requires(...))`, whose parameters FastAPI looks up."""
        raise ConfigurationError(f"requires() is a dependency without Depends(): {_ADVICE}.")

    def __get_pydantic_core_schema__(self, *_: object) -> NoReturn:
        """Reject `caller: requires(...)`, which FastAPI takes for the type of a parameter."""
        raise ConfigurationError(f"requires() is no type: {_ADVICE}.")


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
        self.requirement = requirement

    # By value, so that an application finds the requirement of a route as a key of its own.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Required) and self.requirement == other.requirement

    def __hash__(self) -> int:
        return hash(self.requirement)

    async def __call__(self, connection: HTTPConnection, shown: SecurityScopes) -> Identity:
        # OpenAPI shows the scopes of each enclosing `Security` too, so they are required here.
        inherited = [name for name in shown.scopes if not isinstance(name, _Listed)]
        if not inherited:
            return await admit(connection, self.requirement)
        own = [self.requirement.scopes] if self.requirement.scopes is not None else []
        scopes = Requirement.of(*own, *inherited).scopes
        return await admit(connection, replace(self.requirement, scopes=scopes))


Caller = Annotated[Identity, requires()]
"""The caller of a route that requires a valid token and nothing more."""
