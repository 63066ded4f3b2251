"""urlpatterns: a site of Django, which is configured when this module is imported."""

from collections.abc import Callable
from typing import Any

import django
from django.conf import settings

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=["oauth_guard.django.OAuthMiddleware"],
        REST_FRAMEWORK={"UNAUTHENTICATED_USER": None},
        LOGGING_CONFIG=None,
    )
    django.setup()

from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_guard import Guard, OAuthGuardMiddleware, current_identity
from oauth_guard.django import requires
from oauth_guard.django_rest_framework import OAuthAuthentication
from oauth_guard.django_rest_framework import requires as permits
from tests.unit.testing.applications import remote_guard


@requires("orders:read")
async def orders(request: HttpRequest) -> JsonResponse:
    """Return the caller of an asynchronous view."""
    return JsonResponse([request.user.subject, request.auth.subject], safe=False)


@requires("orders:read")
def orders_in_thread(request: HttpRequest, number: int) -> JsonResponse:
    """Return the caller of a view that Django calls in a thread."""
    assert current_identity() is request.user
    return JsonResponse([request.user.subject, number], safe=False)


class Orders(View):  # type: ignore[misc] # has no types
    """A view with a method for each verb."""

    @method_decorator(requires("orders:read"))  # type: ignore[untyped-decorator]
    def get(self, request: HttpRequest) -> JsonResponse:
        """Return the caller."""
        return JsonResponse(request.user.subject, safe=False)


@requires(introspect=True)
def now(request: HttpRequest) -> JsonResponse:
    """Return the caller as the issuer sees them now."""
    return JsonResponse(request.user.subject, safe=False)


@requires("read", policy="order")
async def decided(request: HttpRequest, number: int) -> JsonResponse:
    """Return the caller that the policy decision point admits."""
    return JsonResponse([request.user.subject, number], safe=False)


@requires("read", policy="order")
def decided_in_thread(request: HttpRequest, number: int) -> JsonResponse:
    """Do the same in a thread."""
    return JsonResponse([request.user.subject, number], safe=False)


async def health(request: HttpRequest) -> JsonResponse:
    """Return whether the caller is known."""
    return JsonResponse(request.user.is_authenticated, safe=False)


class RestOrders(APIView):  # type: ignore[misc] # has no types
    """A view of Django REST framework with a requirement."""

    authentication_classes = (OAuthAuthentication,)
    permission_classes = (permits("orders:read", roles=["staff"]),)

    def get(self, request: Request) -> Response:
        """Return the caller."""
        return Response([request.user.subject, request.auth.subject])


class RestDecided(APIView):  # type: ignore[misc] # has no types
    """A view of Django REST framework with a policy."""

    authentication_classes = (OAuthAuthentication,)
    permission_classes = (permits("read", policy="order"),)

    def get(self, request: Request, number: int) -> Response:
        """Return the caller."""
        return Response([request.user.subject, number])


class RestAccount(APIView):  # type: ignore[misc] # has no types
    """A view of Django REST framework for each caller with a token."""

    authentication_classes = (OAuthAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        """Return the caller."""
        return Response(request.user.subject)


class RestPartner(APIView):  # type: ignore[misc] # has no types
    """A view of Django REST framework that authenticates something else by itself."""

    authentication_classes = (OAuthAuthentication,)

    def get(self, request: Request) -> Response:
        """Reject each caller."""
        del request
        raise AuthenticationFailed


urlpatterns = [
    path("orders", orders),
    path("orders/<int:number>", orders_in_thread),
    path("class", Orders.as_view()),
    path("now", now),
    path("health", health),
    path("decided/<int:number>", decided),
    path("decided/thread/<int:number>", decided_in_thread),
    path("decided/rest/<int:number>", RestDecided.as_view()),
    path("rest/orders", RestOrders.as_view()),
    path("rest/account", RestAccount.as_view()),
    path("rest/partner", RestPartner.as_view()),
]


def django_app(guard: Guard | None = None, **middleware: Any) -> Callable[..., Any]:
    """Return the site behind a guard."""
    return OAuthGuardMiddleware(get_asgi_application(), guard or remote_guard(), **middleware)
