"""Presets: issuers configured for Auth0, Cognito, Entra ID, Google, Keycloak and Okta."""

from oauth_guard.issuers.presets.entra import EntraCloud, entra, entra_any_tenant
from oauth_guard.issuers.presets.products import auth0, cognito, google, keycloak, okta

__all__ = [
    "EntraCloud",
    "auth0",
    "cognito",
    "entra",
    "entra_any_tenant",
    "google",
    "keycloak",
    "okta",
]
