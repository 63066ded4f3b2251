"""requires() and Caller for FastAPI: dependencies; and document(): what OpenAPI says of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import and_
from typing import Annotated, Any, NoReturn, TypeVar, Unpack, cast

from fastapi import FastAPI, params
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.models import HTTPBearer, OAuth2, OAuthFlowAuthorizationCode, OAuthFlows
from fastapi.requests import HTTPConnection
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from oauth_guard.asgi import IDENTITY, Connection
from oauth_guard.errors import ConfigurationError
from oauth_guard.misplaced import ADVICE, Misplaced, reject_misuse
from oauth_guard.protocol.challenge import CHALLENGE_HEADER
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.requirement import Requirement, RequirementSettings
from oauth_guard.protocol.scopes import ScopeExpression
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.starlette import admit, admit_known

__all__ = ["Caller", "OptionalCaller", "document", "requires"]

_Called = TypeVar("_Called", bound=Callable[..., Any])

_SCHEME = "OAuth2"


class _Dependency(Misplaced, params.Security):
    """The `Security(...)` that `requires` returns; it is called only in a wrong place."""

    def __hash__(self) -> int:  # Optional[Caller] needs one; the list of scopes has none
        return hash(self.dependency)

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Reject `@requires(...)`."""
        raise ConfigurationError(
            f"requires() of oauth_guard.fastapi is no decorator: {ADVICE}. The decorator is in "
            "oauth_guard.starlette."
        )


class _Function(_Dependency):
    """`requires` itself, so that FastAPI rejects it where its parentheses are missing."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(dependency=self)
        object.__setattr__(self, "__wrapped__", function)
        object.__setattr__(self, "__doc__", function.__doc__)

    __eq__, __hash__ = object.__eq__, object.__hash__  # it contains itself

    def __call__(self, *args: Any, **settings: Any) -> Any:
        return self.__wrapped__(*args, **settings)  # type: ignore[attr-defined] # set above

    @property
    def __signature__(self) -> NoReturn:
        """Reject `Depends(requires)`, `dependencies=[requires]` and `caller=requires`."""
        raise ConfigurationError(f"requires is written with parentheses: {ADVICE}.")


def _rejected_without_parentheses(function: _Called) -> _Called:
    return cast("_Called", _Function(function))


@_rejected_without_parentheses
def requires(
    *scopes: str | ScopeExpression, optional: bool = False, **settings: Unpack[RequirementSettings]
) -> Any:
    """Return a dependency that admits only callers who satisfy every argument.

    Use it as `dependencies=[requires("write")]`, or as a parameter that receives the caller:
    `caller: Annotated[Identity, requires("read")]`. It is one dependency and needs no thread.
    Below a `Security(..., scopes=[...])` of the application, those scopes are required too.

    A challenge names the scopes of all dependencies of the route and its routers together, so the
    client requests them in one token.

    OpenAPI lists the scopes. FastAPI can't write alternatives there, so it lists the first
    alternative, which is also the one that a challenge names.

    Args:
        scopes: The scopes that the token must grant; `scope("a") | scope("b")` for alternatives.
        optional: Admit a caller without a token too; the parameter receives None. The middleware
            must serve such callers: `required=False`, or a public path, where no token is read.
        settings: The other requirements: see `RequirementSettings`.

    Raises:
        ConfigurationError: A scope is malformed, or a setting is unknown. On a request: there is
            no middleware around the application, or the route needs introspection or a policy,
            and the guard can't do so.
    """
    requirement = Requirement.of(*scopes, **settings)
    listed = requirement.scopes.alternatives[0] if requirement.scopes is not None else ()
    dependency = _Optional(requirement) if optional else _Required(requirement)
    # Not cached: FastAPI would use one result for a dependency alone and below a `Security`.
    return _Dependency(dependency, scopes=[*map(_Listed, listed)], use_cache=False)


@checked_settings
def document(
    app: FastAPI,
    *,
    authorization_url: str | None = None,
    token_url: str | None = None,
    scopes: Mapping[str, str] | None = None,
) -> None:
    """Complete the application's OpenAPI document.

    It lists the responses 401 and, where a caller may lack something, 403, unless the route
    documents them itself, and it says which routes work without a token. With the three other
    arguments, it describes the authorization code flow, so that the docs page can obtain a token;
    without them it says only that a bearer token is required.

    Args:
        app: The application whose routes use `requires` or `Caller`.
        authorization_url: The authorization endpoint.
        token_url: The token endpoint.
        scopes: Each scope with a description for the resource owner.

    Raises:
        ConfigurationError: Some of the three are missing.
    """
    scheme = _scheme(authorization_url, token_url, scopes)
    undocumented = app.openapi

    def openapi() -> dict[str, Any]:
        schema = undocumented()
        schemes = schema.get("components", {}).get("securitySchemes", {})
        if _SCHEME in schemes:
            schemes[_SCHEME] = scheme or schemes[_SCHEME]
        for path, methods, dependant in _operations(app):
            operations = schema["paths"].get(path, {})
            for method in methods & operations.keys():
                _complete(operations[method], [check for check, _ in _checks_in(dependant)])
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI says to extend its OpenAPI


def _scheme(
    authorization_url: str | None, token_url: str | None, scopes: Mapping[str, str] | None
) -> Any:
    if authorization_url is None and token_url is None and scopes is None:
        return None
    if authorization_url is None or token_url is None or scopes is None:
        raise ConfigurationError(
            "document() describes a flow by authorization_url=, token_url= and scopes= together."
        )
    flow = OAuthFlowAuthorizationCode(
        authorizationUrl=authorization_url, tokenUrl=token_url, scopes=dict(scopes)
    )
    return jsonable_encoder(OAuth2(flows=OAuthFlows(authorizationCode=flow)), exclude_none=True)


def _operations(app: FastAPI) -> Iterator[tuple[str, set[str], Any]]:
    """Yield path, methods and dependencies of each route, as OpenAPI spells them."""
    route: Any
    for route in app.routes:
        included = getattr(route, "effective_route_contexts", None)  # of a router, since 0.138
        for each in (route,) if included is None else included():
            dependant = getattr(each, "dependant", None)
            if dependant is not None:
                methods = {method.lower() for method in getattr(each, "methods", None) or ()}
                yield each.path_format, methods, dependant


def _complete(operation: dict[str, Any], checks: list["_Check"]) -> None:
    """Add to *operation* what *checks* mean for a client."""
    if not checks:
        return
    responses, security = operation["responses"], operation["security"]
    names_scopes = any(each.get(_SCHEME) for each in security)
    responses.setdefault("401", _documented("The token is missing or not valid."))
    if names_scopes or any(map(_may_forbid, checks)):
        responses.setdefault("403", _documented("The token does not grant what is required."))
    if all(isinstance(each, _Optional) for each in checks) and {} not in security:
        security.append({})  # which makes the others optional


def _documented(description: str) -> dict[str, Any]:
    challenge = {"description": "What to send instead (RFC 6750 section 3)."}
    return {
        "description": description,
        "headers": {CHALLENGE_HEADER.decode(): {**challenge, "schema": {"type": "string"}}},
    }


def _may_forbid(check: "_Check") -> bool:
    """Return whether a valid token may be rejected with 403; the settings left out mean 401."""
    kept = replace(check.checked, introspect=False, binding=None, acr=(), max_age=None)
    return kept != Requirement()


class _Listed(str):
    """A scope that OpenAPI lists for one of our dependencies, not for an enclosing one."""

    __slots__ = ()


class _Check(SecurityBase):
    """A requirement as a dependency, which is also the security scheme that OpenAPI shows.

    All share one scheme, so OpenAPI shows several on one route as required together.
    """

    model = HTTPBearer()
    scheme_name = _SCHEME

    def __init__(self, requirement: Requirement) -> None:
        self.checked = requirement
        self._hash = hash(requirement)  # FastAPI asks for it several times in each request

    # By value, so that an application finds the requirement of a route as a key of its own.
    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.checked == other.checked

    def __hash__(self) -> int:
        return self._hash

    async def __call__(self, connection: HTTPConnection, shown: SecurityScopes) -> Identity | None:
        # OpenAPI shows the scopes of each enclosing `Security` too, so they are required here.
        required = _with_scopes(self.checked, _of_application(shown.scopes))
        if required.needs_io:
            return await admit(connection, required, _scope_of_route)
        return admit_known(connection, required, _scope_of_route)


class _Required(_Check):
    """Admits callers with a token only."""

    def __init__(self, requirement: Requirement) -> None:
        super().__init__(requirement)
        self.requirement = requirement


class _Optional(_Check):
    """Admits callers without a token too."""

    async def __call__(self, connection: HTTPConnection, shown: SecurityScopes) -> Identity | None:
        caller: Identity | None = connection.scope.get(IDENTITY)
        if caller is not None and caller.issuer is None:
            return None
        return await super().__call__(connection, shown)


def _of_application(shown: Iterable[str]) -> list[str]:
    """Return those of the *shown* scopes that the application's own dependencies require."""
    return [name for name in shown if not isinstance(name, _Listed)]


def _with_scopes(requirement: Requirement, further: Sequence[str]) -> Requirement:
    """Return *requirement* with *further* scopes, after its own."""
    if not further:
        return requirement
    own = [] if requirement.scopes is None else [requirement.scopes]
    return replace(requirement, scopes=Requirement.of(*own, *further).scopes)


def _scope_of_route(connection: Connection) -> str | None:
    """Return the scope that all dependencies of the route and its routers require of the caller.

    The caller has to satisfy each of them, so one challenge names them all.
    """
    included = connection.get("fastapi", {}).get("effective_route_context")  # since FastAPI 0.138
    route = getattr(included, "starlette_route", None) or included or connection.get("route")
    anonymous = connection[IDENTITY].issuer is None
    scopes = [
        scopes
        for check, scopes in _checks_in(getattr(route, "dependant", None))
        if scopes is not None and not (anonymous and isinstance(check, _Optional))
    ]
    return str(reduce(and_, scopes)) if scopes else None


def _checks_in(
    dependant: Any, inherited: Sequence[str] = ()
) -> Iterator[tuple[_Check, ScopeExpression | None]]:
    """Yield our dependencies below *dependant*, with the scopes that each requires."""
    for each in getattr(dependant, "dependencies", ()):
        enclosing = [*inherited, *_of_application(each.own_oauth_scopes or ())]
        if isinstance(each.call, _Check):
            yield each.call, _with_scopes(each.call.checked, enclosing).scopes
        yield from _checks_in(each, enclosing)


Caller = Annotated[Identity, requires()]
"""The caller of a route that requires a valid token and nothing more."""

OptionalCaller = Annotated[Identity | None, requires(optional=True)]
"""The caller of a route that also serves requests without a token; None for those."""

reject_misuse(Caller, "Caller", params.Depends)
reject_misuse(OptionalCaller, "OptionalCaller", params.Depends)
