"""The public names are a promise: this list changes only together with CHANGELOG.md."""

from types import ModuleType

import pytest

import oauth_guard

FACE = [
    "ANONYMOUS",
    "AccessToken",
    "ClientSecretBasic",
    "ConfigurationError",
    "Guard",
    "Identity",
    "IntrospectionIssuer",
    "IssuerUnavailable",
    "JWTIssuer",
    "MemoryStore",
    "OAuthGuardError",
    "OAuthGuardMiddleware",
    "PrivateKeyJWT",
    "RequestRejected",
    "Requirement",
    "current_identity",
    "scope",
]


def test_the_face_is_the_promised_list() -> None:
    """Nothing is promised by accident, and nothing promised goes missing."""
    assert oauth_guard.__all__ == FACE


def test_nothing_else_looks_public() -> None:
    """Beside the promised names there are only the rooms that were loaded."""
    public = {name for name in vars(oauth_guard) if not name.startswith("_")}
    beside = public.difference(FACE)
    assert all(isinstance(getattr(oauth_guard, name), ModuleType) for name in beside)


@pytest.mark.parametrize("name", FACE)
def test_every_public_name_explains_itself(name: str) -> None:
    """`help()` says something about each name, and says it in a sentence."""
    documentation = getattr(oauth_guard, name).__doc__ or ""
    assert documentation.partition("\n")[0].endswith(".")
