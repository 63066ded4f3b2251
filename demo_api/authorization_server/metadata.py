"""The authorization server metadata document (RFC 8414)."""

from typing import Any

from demo_api.authorization_server import settings
from demo_api.authorization_server.client_authentication import ANY, CONFIDENTIAL
from demo_api.authorization_server.proofs import ALGORITHMS
from demo_api.authorization_server.settings import ACR, SCOPES, Settings

GRANT_TYPES = ["authorization_code", "client_credentials", "password", "refresh_token"]


def openid_document(server: Settings) -> dict[str, Any]:
    """Return the document of OpenID Connect Discovery; ID tokens are signed by ES256 only."""
    return metadata_document(server) | {
        "userinfo_endpoint": server.origin + settings.USERINFO,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["sub", "name", "preferred_username", "email"],
    }


def metadata_document(server: Settings) -> dict[str, Any]:
    """Return the document for the issuer at the origin of *server*."""
    origin = server.origin
    return {
        "issuer": origin,
        "authorization_endpoint": origin + settings.AUTHORIZE,
        "token_endpoint": origin + settings.TOKEN,
        "introspection_endpoint": origin + settings.INTROSPECT,
        "revocation_endpoint": origin + settings.REVOKE,
        "registration_endpoint": origin + settings.REGISTER,
        "jwks_uri": origin + settings.JWKS,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANT_TYPES,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(ANY),
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL),
        "revocation_endpoint_auth_methods_supported": list(ANY),
        "acr_values_supported": [ACR],
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
    }
