"""OAuthAuthentication and requires() for Django REST framework: authentication and permissions."""

from typing import Unpack

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from oauth_guard.django import caller_of, check_now
from oauth_guard.protocol.challenge import CHALLENGE_HEADER, Rejection
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.requirement import Requirement, RequirementSettings
from oauth_guard.protocol.scopes import ScopeExpression

__all__ = ["OAuthAuthentication", "requires"]

_CHALLENGE = CHALLENGE_HEADER.decode()
_TOKEN = Requirement.of()


class OAuthAuthentication(BaseAuthentication):  # type: ignore[misc] # has no types
    """The authentication class that takes the caller from `OAuthGuardMiddleware`.

    `request.user` and `request.auth` are the `Identity`. For a caller without a token, which the
    middleware serves on public paths and with `required=False`, other authentication classes of
    the view are next. `IsAuthenticated` rejects such a caller with 401 and a challenge.

    Raises:
        ConfigurationError: On a request: there is no `OAuthGuardMiddleware`, or the request came
            by WSGI.
    """

    def authenticate(self, request: Request) -> tuple[Identity, Identity] | None:
        """Return the caller twice, as user and as auth; None without a token."""
        caller = caller_of(request._request)  # noqa: SLF001 - as DRF says to reach Django's
        return (caller, caller) if caller.is_authenticated else None

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge for a caller without a token."""
        rejection = check_now(request._request, _TOKEN)  # noqa: SLF001 - as above
        return "Bearer" if rejection is None else rejection.joined_challenges[_CHALLENGE]


def requires(
    *scopes: str | ScopeExpression, **settings: Unpack[RequirementSettings]
) -> type[BasePermission]:
    """Return a permission class that admits only callers who satisfy every argument.

    Use it as `permission_classes = [requires("orders:read")]`. A rejection has the status and the
    challenge of the middleware's own rejections; the body is that of the exception handler. It is
    raised, so DRF's `|` and `~` don't apply to it: write `requires(scope("a") | scope("b"))`.

    Args:
        scopes: The scopes that the token must grant; `scope("a") | scope("b")` for alternatives.
        settings: The other requirements: see `RequirementSettings`.

    Raises:
        ConfigurationError: A scope is malformed, or a setting is unknown. On a request: there is
            no `OAuthGuardMiddleware`, or the route needs introspection or a policy, and the
            guard can't do so.
    """
    requirement = Requirement.of(*scopes, **settings)

    class Satisfies(BasePermission):  # type: ignore[misc] # has no types
        """Admits callers who satisfy `requirement`."""

        def has_permission(self, request: Request, view: APIView) -> bool:
            """Return True, or raise what DRF turns into the response."""
            rejection = check_now(request._request, requirement)  # noqa: SLF001 - as above
            if rejection is not None:
                view.headers.update(rejection.joined_challenges)  # of the response, whatever it is
                raise _exception(rejection)
            return True

    return Satisfies


def _exception(rejection: Rejection) -> APIException:
    error = APIException(rejection.debug or "The caller may not use this route.")
    error.status_code = rejection.status
    return error
