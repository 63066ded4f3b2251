"""Identity and ANONYMOUS: the caller as the application sees it, and current_identity()."""

from contextvars import ContextVar, Token
from dataclasses import FrozenInstanceError, dataclass, field
from operator import attrgetter
from typing import Annotated, Any, Literal, NoReturn

from oauth_guard.errors import ConfigurationError
from oauth_guard.jose.frozen import FrozenDict, mutable_class_of
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.actor import Actor, actor_of

__all__ = [
    "ANONYMOUS",
    "Identity",
    "current_identity",
    "is_same_caller",
    "reset_current_identity",
    "set_current_identity",
]


# Claims that name a user, in tokens whose issuer writes no `sub` or another one.
_USER_CLAIMS = frozenset({"username", "preferred_username", "unique_name", "upn", "email"})
_NOT_OF_A_REQUEST = (
    "Identity is not a type of a request or a response, and no dependency. In FastAPI, write the "
    'caller as caller: Caller, or caller: Annotated[Identity, requires("read")], with both names '
    "of oauth_guard.fastapi, and return a model of your own."
)


class _Claims:
    """Rejects `Depends(Identity)` in FastAPI, which would take the attributes from the request."""

    @staticmethod
    def __get_pydantic_core_schema__(source: Any, handler: Any) -> Any:
        """Reject the claims of a request; a model that allows arbitrary types may have them."""
        try:
            return handler(source)
        except RuntimeError as error:  # Pydantic's base class of such errors
            raise ConfigurationError(_NOT_OF_A_REQUEST) from error


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """The caller: a resource owner through a client, or a client for itself.

    Immutable, including its claims, since one object may serve many requests; its `repr` is safe
    to log. Available as `request.user` and as `request.auth`.

    Attributes:
        issuer: The authorization server that issued the token.
        subject: The issuer's identifier of the caller; unique only together with `issuer`.
        client_id: The client that called.
        scopes: What the token grants.
        roles: The roles of the subject, as are `groups` and `entitlements` (RFC 9068 §2.2.3.1).
        is_client_token: Whether, by the issuer's rules, the client called for itself.
        claims: All claims of the token.
        token: The raw token, if the guard was built with `expose_token=True`.
        is_api_key: Whether the caller sent an API key, and no token.
    """

    issuer: str | None = None
    subject: str | None = None
    client_id: str | None = None
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    entitlements: frozenset[str] = frozenset()
    is_client_token: bool = False
    claims: Annotated[FrozenDict, _Claims] = field(default_factory=FrozenDict, hash=False)
    token: str | None = None
    is_api_key: bool = False

    @staticmethod
    def from_token(token: AccessToken, *, raw: str | None = None) -> "Identity":
        """Return the identity that a validated *token* asserts."""
        identity = _Mutable()
        identity.issuer = token.rules.issuer
        identity.subject = token.subject
        identity.client_id = token.client_id
        identity.scopes = token.scopes
        identity.roles = token.roles
        identity.groups = token.groups
        identity.entitlements = token.entitlements
        identity.is_client_token = token.rules.is_client_token is not None and token.is_client_token
        identity.claims = token.claims
        identity.token = raw
        identity.is_api_key = token.rules.is_api_key
        identity.__class__ = Identity
        return identity  # type: ignore[no-any-return] # it is one now

    def __repr__(self) -> str:
        return f"<Identity: {self.kind}>"

    @property
    def is_authenticated(self) -> bool:
        """Whether an issuer authenticated the caller; only `ANONYMOUS` has none."""
        return self.issuer is not None

    @property
    def kind(self) -> Literal["user", "client", "unknown", "anonymous", "api_key"]:
        """Whether a resource owner calls through a client, or a client for itself.

        A token whose subject is its client was issued to the client alone (RFC 9068 §2.2). Some
        issuers mark it in other ways: see `is_client_token`. A token without subject is a
        client's if it names a client and no user; otherwise the kind is unknown. An API key
        is a kind of its own.
        """
        if not self.is_authenticated:
            return "anonymous"
        if self.is_api_key:
            return "api_key"
        if self.is_client_token or self.subject is None:
            named = self.client_id is not None and _USER_CLAIMS.isdisjoint(self.claims)
            return "client" if self.is_client_token or named else "unknown"
        return "client" if self.subject == self.client_id else "user"

    @property
    def actor(self) -> Actor | None:
        """Who acts for the subject by delegation (RFC 8693 §4.1); None if there is none."""
        return actor_of(self.claims)

    @property
    def display_name(self) -> str:
        """A name to show: `name`, `preferred_username`, or the identifier; empty if anonymous."""
        names = (self.claims.get("name"), self.claims.get("preferred_username"))
        candidates = (*names, self.subject, self.client_id)
        return next((name for name in candidates if isinstance(name, str) and name), "")

    @property
    def identity(self) -> str:
        """The subject's identifier, by the name that Starlette's `BaseUser` gives it."""
        return self.subject or ""


def is_same_caller(one: Identity, other: Identity) -> bool:
    """Return whether two identities have the same issuer, subject and client."""
    return _caller_of(one) == _caller_of(other)


_caller_of = attrgetter("issuer", "subject", "client_id")


def _refuse_assignment(_: Identity, name: str, *__: object) -> NoReturn:
    raise FrozenInstanceError(
        f"an Identity serves many requests, so its attribute {name!r} can't be set or deleted: "
        "leave out middleware that sets the user, such as Channels' AuthMiddlewareStack, or let it "
        "replace the user in the connection by an object of its own."
    )


# Set here, since a frozen dataclass must not define them. Its own raise an error without a text
# for a name that is no field, if it has slots.
Identity.__setattr__ = Identity.__delattr__ = _refuse_assignment  # type: ignore[assignment]

_Mutable = mutable_class_of(Identity)

ANONYMOUS = Identity()
"""The caller without credentials: on public paths, and if a token is optional."""

_current: ContextVar[Identity] = ContextVar("oauth_guard.identity", default=ANONYMOUS)


def current_identity() -> Identity:
    """Return the caller of the request that is being served here, or `ANONYMOUS`.

    For code without access to the request: a log filter, a tool, a task started by a handler.
    """
    return _current.get()


set_current_identity = _current.set
"""Make an identity the current one; pass the result to `reset_current_identity` afterwards."""


def reset_current_identity(earlier: Token[Identity]) -> None:
    """Undo the `set_current_identity` that returned *earlier*.

    Do nothing in another context: a request whose event loop was closed is ended by the garbage
    collector, and the identity ended with its own context.
    """
    try:  # noqa: SIM105 - suppress() takes longer than the rest
        _current.reset(earlier)
    except ValueError:
        pass
