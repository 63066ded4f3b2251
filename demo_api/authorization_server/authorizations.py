"""The records of consent: an authorization, its code and the tokens issued from it."""

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, TokenMixin
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from demo_api.authorization_server.tables import Base


class Authorization(Base):
    """A consent of a resource owner, or a client's own grant; it groups a family of tokens."""

    __tablename__ = "authorizations"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id"))
    subject: Mapped[str | None]  # none: the client acts for itself
    scope: Mapped[str]
    resources: Mapped[list[str]]
    auth_time: Mapped[int | None]
    expires_at: Mapped[int] = mapped_column(index=True)  # with the last of its codes and tokens
    revoked: Mapped[bool] = mapped_column(default=False)


class AuthorizationCode(Base, AuthorizationCodeMixin):
    """An authorization code. A spent one stays until it expires, so that reuse is detected."""

    __tablename__ = "authorization_codes"

    digest: Mapped[str] = mapped_column(primary_key=True)
    authorization_id: Mapped[int] = mapped_column(ForeignKey("authorizations.id"))
    authorization: Mapped[Authorization] = relationship(lazy="joined")
    redirect_uri: Mapped[str | None]  # as in the request; none: the request had none
    nonce: Mapped[str | None]  # repeated in the ID token
    code_challenge: Mapped[str]
    code_challenge_method: Mapped[str]
    expires_at: Mapped[int] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)  # to redeem it
    spent: Mapped[bool] = mapped_column(default=False)

    def get_redirect_uri(self) -> str:
        """Return the URI that the token request must repeat, or nothing."""
        return self.redirect_uri or ""

    def get_scope(self) -> str:
        """Return the scope that the resource owner allowed."""
        return self.authorization.scope


class IssuedToken(Base, TokenMixin):
    """An access or refresh token. Only its digest is stored; rotation and revocation spend it."""

    __tablename__ = "issued_tokens"

    digest: Mapped[str] = mapped_column(primary_key=True)
    authorization_id: Mapped[int] = mapped_column(ForeignKey("authorizations.id"))
    authorization: Mapped[Authorization] = relationship(lazy="joined")
    is_refresh_token: Mapped[bool]
    jkt: Mapped[str | None]  # the thumbprint of the key that it is bound to; none: it is not
    scope: Mapped[str]
    resource: Mapped[str | None]  # the audience of an access token
    issued_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
    spent: Mapped[bool] = mapped_column(default=False)

    def is_active(self, now: int) -> bool:
        """Return whether the token is unspent, unrevoked and unexpired at *now*."""
        return not self.spent and not self.authorization.revoked and now < self.expires_at

    def check_client(self, client: object) -> bool:
        """Return whether the token was issued to *client*."""
        return getattr(client, "client_id", None) == self.authorization.client_id

    def get_scope(self) -> str:
        """Return the scope of this token."""
        return self.scope
