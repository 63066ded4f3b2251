"""Client registration: anyone may register a client, within limits (RFC 7591)."""

import secrets
from typing import Any

from authlib.oauth2.rfc7591 import (
    ClientMetadataClaims,
    ClientRegistrationEndpoint,
    InvalidClientMetadataError,
    InvalidRedirectURIError,
)
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from demo_api.authorization_server.authorizations import Authorization
from demo_api.authorization_server.client_authentication import ANY, BASIC, NONE
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.hashing import hash_secret
from demo_api.authorization_server.redirect_uris import may_be_registered
from demo_api.authorization_server.requests import RegistrationRequest
from demo_api.authorization_server.settings import DEFAULT_SCOPE, SCOPES, split_list

#: No `password`: that grant is for service accounts, whose client an operator sets up.
_GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"]
_TEXTS = ("client_name", "scope", "token_endpoint_auth_method")
_LISTS = ("redirect_uris", "grant_types", "response_types")
_MAX_TEXT, _MAX_ITEMS = 200, 10


class ClientMetadata(ClientMetadataClaims):
    """The supported metadata. Authlib does not check types, lengths and redirect_uris."""

    def validate(self, now: Any = None, leeway: int = 0) -> None:
        """Set the defaults, then check the type and the rules of every member."""
        self._check_types()
        self.setdefault("token_endpoint_auth_method", BASIC)
        self.setdefault("grant_types", ["authorization_code"])
        uses_code = "authorization_code" in self["grant_types"]
        self.setdefault("response_types", ["code"] if uses_code else [])
        self.setdefault("scope", DEFAULT_SCOPE)
        self.setdefault("client_name", "A client without a name")
        super().validate(now, leeway)
        self["scope"] = " ".join(one for one in SCOPES if one in split_list(self["scope"]))
        self._check_grant_types()

    def validate_redirect_uris(self) -> None:
        """Check every URI by RFC 8252; Authlib's own rule excludes private schemes."""
        uris = self.get("redirect_uris", [])
        if "authorization_code" in self["grant_types"] and not uris:
            raise InvalidRedirectURIError("authorization_code needs a redirect_uri.")
        if not all(may_be_registered(uri) for uri in uris):
            raise InvalidRedirectURIError(
                "A redirect_uri must be https, http on loopback or an app scheme with a dot,"
                " without a fragment."
            )

    def _check_types(self) -> None:
        texts = [self[name] for name in _TEXTS if name in self]
        lists = [self[name] for name in _LISTS if name in self]
        if not all(isinstance(items, list) and len(items) <= _MAX_ITEMS for items in lists):
            raise InvalidClientMetadataError("A list is too long or not a list.")
        if not all(isinstance(text, str) and text.strip() and text.isprintable() for text in texts):
            raise InvalidClientMetadataError("A text is empty, not printable or not a text.")
        if not all(isinstance(item, str) for items in lists for item in items):
            raise InvalidClientMetadataError("A list holds something other than texts.")
        if any(len(text) > _MAX_TEXT for text in texts):
            raise InvalidClientMetadataError("A text is too long.")

    def _check_grant_types(self) -> None:
        grant_types = self["grant_types"]
        if ("authorization_code" in grant_types) != (self["response_types"] == ["code"]):
            raise InvalidClientMetadataError("grant_types and response_types do not agree.")
        if "refresh_token" in grant_types and "authorization_code" not in grant_types:
            raise InvalidClientMetadataError("refresh_token needs authorization_code beside it.")
        public = self["token_endpoint_auth_method"] == NONE
        if not grant_types or (public and "client_credentials" in grant_types):
            raise InvalidClientMetadataError("A client without a secret cannot act for itself.")


class RegistrationEndpoint(ClientRegistrationEndpoint):
    """The endpoint behind POST /register and behind the page for people."""

    def __init__(self, server: Any = None) -> None:
        """Validate with ClientMetadata."""
        super().__init__(server, [ClientMetadata])

    def authenticate_token(self, request: RegistrationRequest) -> str:
        """Accept every caller: registration is open in this demo."""
        return "anyone"

    def get_server_metadata(self) -> dict[str, Any]:
        """Return what a client may register for."""
        return {
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "grant_types_supported": _GRANT_TYPES,
            "token_endpoint_auth_methods_supported": list(ANY),
        }

    def extract_client_metadata(self, request: RegistrationRequest) -> dict[str, Any]:
        """Return the validated metadata; unknown members are ignored."""
        given = request.payload.data
        known = {name: given[name] for name in (*_TEXTS, *_LISTS) if name in given}
        metadata: dict[str, Any] = super().extract_client_metadata(RegistrationRequest(known))
        self._requested_scope: str = metadata["scope"]
        # A client without a secret acts for people only, and each consents to what it requests: it
        # may request more later, as clients of MCP do. The response says so (RFC 7591 §3.2.1).
        if metadata["token_endpoint_auth_method"] == NONE:
            metadata["scope"] = " ".join(SCOPES)
        return metadata

    def generate_client_id(self, request: RegistrationRequest) -> str:
        """Return a short unique id; it is public."""
        return f"client-{secrets.token_hex(8)}"

    def generate_client_secret(self, request: RegistrationRequest) -> str:
        """Return 256 random bits, in characters that need no percent-encoding."""
        return secrets.token_urlsafe(32)

    def generate_client_info(self, request: RegistrationRequest) -> dict[str, Any]:
        """Return id and secret; a public client gets no secret."""
        info = super().generate_client_info(request) | {"client_id_issued_at": self.server.now}
        if request.payload.data.get("token_endpoint_auth_method") == NONE:
            del info["client_secret"], info["client_secret_expires_at"]
        return info

    def save_client(
        self,
        client_info: dict[str, Any],
        client_metadata: dict[str, Any],
        request: RegistrationRequest,
    ) -> Client:
        """Store the client with the hash of its secret."""
        make_room(self.server.session, self.server.settings.clients_kept)
        secret = client_info.get("client_secret")
        requested = self._requested_scope.split()
        client = Client(
            client_id=client_info["client_id"],
            client_name=client_metadata["client_name"],
            secret_hash=hash_secret(secret) if secret else None,
            auth_methods=[client_metadata["token_endpoint_auth_method"]],
            redirect_uris=client_metadata.get("redirect_uris", []),
            grant_types=client_metadata["grant_types"],
            scope=client_metadata["scope"],
            default_scope=DEFAULT_SCOPE if DEFAULT_SCOPE in requested else " ".join(requested),
            registered_at=self.server.now,
        )
        self.server.session.add(client)
        return client


def make_room(session: Session, kept: int) -> None:
    """Delete the oldest unused clients that registered themselves; leave room below *kept*."""
    own = Client.registered_at.is_not(None)
    newest = select(Client.client_id).where(own).order_by(Client.registered_at.desc())
    used = select(Authorization.client_id)
    session.execute(
        delete(Client).where(
            own, Client.client_id.not_in(newest.limit(kept - 1)), Client.client_id.not_in(used)
        )
    )
