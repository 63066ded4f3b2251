"""The public names of `oauth_guard`: this list changes only together with CHANGELOG.md."""

from importlib.metadata import version
from types import ModuleType

import pytest

import oauth_guard

PUBLIC_NAMES = [
    "ANONYMOUS",
    "AccessToken",
    "ClientSecretBasic",
    "ConfigurationError",
    "Guard",
    "Identity",
    "IntrospectionIssuer",
    "IssuerUnavailable",
    "JWTIssuer",
    "KeysOf",
    "MemoryStore",
    "OAuthGuardError",
    "OAuthGuardMiddleware",
    "PrivateKeyJWT",
    "RequestRejected",
    "Requirement",
    "Rules",
    "current_identity",
    "renew",
    "scope",
]


def test_public_names_are_exactly_the_documented_list() -> None:
    """No name becomes public by accident, and none goes missing."""
    assert oauth_guard.__all__ == PUBLIC_NAMES


def test_other_attributes_of_the_package_are_modules() -> None:
    """Besides the public names the package has only the submodules that were imported."""
    public = {name for name in vars(oauth_guard) if not name.startswith("_")}
    others = public.difference(PUBLIC_NAMES)
    assert all(isinstance(getattr(oauth_guard, name), ModuleType) for name in others)


def test_version_equals_that_of_the_installed_distribution() -> None:
    """The build reads `__version__`, so both come from one line."""
    assert oauth_guard.__version__ == version("oauth-guard")


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_every_public_name_has_a_docstring(name: str) -> None:
    """`help()` shows a sentence for each name."""
    documentation = getattr(oauth_guard, name).__doc__ or ""
    assert documentation.partition("\n")[0].endswith(".")
