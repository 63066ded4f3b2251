"""read_document(): the client that a Client ID Metadata Document describes, strictly read."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from demo_api.authorization_server.redirect_uris import may_be_registered
from demo_api.authorization_server.settings import DEFAULT_SCOPE, SCOPES, split_list

#: The members of a private or symmetric JWK (RFC 7518 §6, RFC 9964 §3).
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_SECRETS = ("client_secret", "client_secret_expires_at")
_GRANT_TYPES = ("authorization_code", "refresh_token")

_Texts = Annotated[list[str], Field(max_length=10)]


class InvalidDocumentError(Exception):
    """A document describes no client that this server can serve; the message says why."""


@dataclass(frozen=True)
class DescribedClient:
    """What this server knows of a client from its document."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    default_scope: str


class _Document(BaseModel):
    """The members that this server reads (RFC 7591 §2); types are not converted."""

    model_config = ConfigDict(strict=True, extra="ignore")

    client_name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "A client"
    redirect_uris: _Texts
    grant_types: _Texts = ["authorization_code"]
    response_types: _Texts = ["code"]
    scope: Annotated[str, StringConstraints(max_length=200)] = ""
    # Absent is none here: the default of RFC 7591 needs a secret, which section 4.1 forbids.
    token_endpoint_auth_method: Literal["none"] | None = None


def read_document(body: bytes, client_id: str) -> DescribedClient:
    """Return the client that *body* describes, which was fetched at the URL *client_id*.

    Such a client is public: it shares no secret with this server, which knows no authentication
    by key. Unknown members, grant types and scopes are ignored, since a document is for many
    servers.

    Raises:
        InvalidDocumentError: The document is no JSON object with unique members, names another
            client, has a secret or a private key, or its metadata is not valid.
    """
    members = _members(body)
    if members.get("client_id") != client_id:
        raise InvalidDocumentError("its client_id is not its URL.")
    if any(name in members for name in _SECRETS) or _has_private_key(members.get("jwks")):
        raise InvalidDocumentError("it has a secret or a private key.")
    try:
        document = _Document.model_validate(members)
    except ValidationError as error:
        name = ".".join(map(str, error.errors()[0]["loc"][:1]))
        raise InvalidDocumentError(f"its {name} can't be used here.") from None
    _check(document)
    requested = split_list(document.scope)
    return DescribedClient(
        client_id,
        document.client_name,
        tuple(document.redirect_uris),
        tuple(each for each in _GRANT_TYPES if each in document.grant_types),
        " ".join(each for each in SCOPES if each in requested) or DEFAULT_SCOPE,
    )


def _check(document: _Document) -> None:
    uris = document.redirect_uris
    if not document.client_name.isprintable() or not document.client_name.strip():
        raise InvalidDocumentError("its client_name is not printable.")
    if not uris or not all(map(may_be_registered, uris)):
        raise InvalidDocumentError(
            "a redirect_uri must be https, http on loopback or an app scheme with a dot."
        )
    if "authorization_code" not in document.grant_types or "code" not in document.response_types:
        raise InvalidDocumentError("it does not use the authorization code grant.")


def _members(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidDocumentError("it is no JSON object with unique members.")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is repeated")
    return members


def _has_private_key(jwks: Any) -> bool:
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    listed = keys if isinstance(keys, list) else []
    return any(isinstance(key, dict) and _PRIVATE & key.keys() for key in listed)
