"""Client: a registered client, with the methods that Authlib calls."""

from collections.abc import Collection
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin, InvalidScopeError
from sqlalchemy.orm import Mapped, mapped_column

from demo_api.authorization_server import redirect_uris
from demo_api.authorization_server.hashing import secret_matches
from demo_api.authorization_server.settings import ACCESS_TOKEN_LIFETIME, split_list
from demo_api.authorization_server.tables import Base


class Client(Base, ClientMixin):
    """The registered metadata (RFC 7591 §2), with the hash of the secret."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    client_name: Mapped[str]
    secret_hash: Mapped[str | None]
    auth_methods: Mapped[list[str]]
    redirect_uris: Mapped[list[str]]
    grant_types: Mapped[list[str]]
    scope: Mapped[str]
    default_scope: Mapped[str]
    token_lifetime: Mapped[int] = mapped_column(default=ACCESS_TOKEN_LIFETIME)  # in seconds
    opaque_tokens: Mapped[bool] = mapped_column(default=False)
    dpop_bound: Mapped[bool] = mapped_column(default=False)  # it gets no bearer tokens
    registered_at: Mapped[int | None]  # none: registered by the operator, not by itself

    @property
    def is_resource_server(self) -> bool:
        """Return whether it only introspects tokens; no client can register itself as one."""
        return not self.grant_types

    @property
    def document_host(self) -> str | None:
        """Return the host of its metadata document; None if it was registered."""
        return urlsplit(self.client_id).netloc if "://" in self.client_id else None

    def get_client_id(self) -> str:
        """Return the `client_id` that tokens carry."""
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        """Return the only registered URI, or an empty string if there are several or none."""
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else ""

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        """Return the scope of a token: all of *scope* or, if that is empty, the default."""
        requested = split_list(scope) if isinstance(scope, str) else list(scope or ())
        allowed = split_list(self.scope)
        if not set(requested) <= set(allowed):
            raise InvalidScopeError
        return " ".join(one for one in allowed if one in requested) or self.default_scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether the client registered *redirect_uri*."""
        return any(redirect_uris.matches(one, redirect_uri) for one in self.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether *client_secret* is the client's."""
        return secret_matches(self.secret_hash, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return whether the client registered *method*."""
        return method in self.auth_methods

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the client may use the authorization endpoint."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client registered for *grant_type*."""
        return grant_type in self.grant_types
