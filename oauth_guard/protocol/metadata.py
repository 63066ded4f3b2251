"""The protected resource metadata: its document, its URL and its members (RFC 9728 §2, §3)."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.cross_origin import ANY_ORIGIN
from oauth_guard.protocol.scopes import scope
from oauth_guard.protocol.urls import parse_url

__all__ = [
    "METADATA_HEADERS",
    "METADATA_METHODS",
    "MetadataSetting",
    "ResourceMetadata",
    "check_members",
    "metadata_document",
    "metadata_path",
    "metadata_query",
    "metadata_url",
]

_WELL_KNOWN = "/.well-known/oauth-protected-resource"

METADATA_METHODS = b"GET, HEAD"
"""The methods of the metadata's URL; another one is rejected with 405 (RFC 9110 §15.5.6)."""

METADATA_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"public, max-age=3600"),
    ANY_ORIGIN,
)
"""The header fields of the document: cacheable for 3600 s, readable from every origin (§7.10)."""

MetadataSetting: TypeAlias = bool | Mapping[str, Any]
"""Whether the metadata is served, or the members that the operator adds."""

_SET_BY = {
    "resource": "the first argument of Guard",
    "authorization_servers": "issuers",
    "bearer_methods_supported": "bearer_methods=",
    "scopes_supported": "scopes_supported=",
    "dpop_signing_alg_values_supported": "dpop=",
    "dpop_bound_access_tokens_required": "binding=",
    "tls_client_certificate_bound_access_tokens": "certificates=",
}
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_NO_MEMBERS: Mapping[str, object] = MappingProxyType({})


def metadata_url(resource: str) -> str:
    """Return the URL of the metadata of *resource*: well-known path, then its own path (§3.1)."""
    parts = urlsplit(resource)
    path = "" if parts.path == "/" else parts.path
    return parts._replace(path=_WELL_KNOWN + path).geturl()


def metadata_path(resource: str) -> str:
    """Return the path of `metadata_url` percent-decoded, as an ASGI application gets it."""
    return unquote(urlsplit(metadata_url(resource)).path)


def metadata_query(resource: str) -> bytes:
    """Return the query of `metadata_url`, as an ASGI application gets it; empty if none."""
    return urlsplit(resource).query.encode("ascii")


def metadata_document(
    resource: str,
    issuers: Sequence[str],
    bearer_methods: Sequence[str],
    scopes: Iterable[str],
    further: Mapping[str, object] = _NO_MEMBERS,
) -> bytes:
    """Return the document as JSON. Empty members are omitted (§3.2).

    *further* is the other members, such as those about tokens that are bound to a key.

    Raises:
        ConfigurationError: A scope is malformed.
    """
    document = {
        "resource": resource,
        "authorization_servers": list(issuers),
        "bearer_methods_supported": list(bearer_methods),
        "scopes_supported": [str(scope(name)) for name in scopes],
        **further,
    }
    return json.dumps({name: value for name, value in document.items() if value}).encode("ascii")


class ResourceMetadata:
    """The metadata of one resource, and where it is served.

    Attributes:
        path: The path that serves it; None if it is not served.

    Args:
        resource: The resource.
        setting: Whether the metadata is served, or the members that the operator adds.
        scopes: The scopes that it lists.
        binding: The members about tokens that are bound to a key.

    Raises:
        ConfigurationError: A member is wrong: see `check_members`.
    """

    def __init__(
        self,
        resource: str,
        setting: MetadataSetting,
        scopes: Iterable[str],
        binding: Mapping[str, object],
    ) -> None:
        added = {} if isinstance(setting, bool) else check_members(setting)
        self._resource, self._further = resource, {**binding, **added}
        self._scopes = tuple(scopes)
        self.path = None if setting is False else metadata_path(resource)

    def document(self, issuers: Sequence[str], bearer_methods: Sequence[str]) -> bytes:
        """Return the document.

        Raises:
            ConfigurationError: A scope is malformed.
        """
        return metadata_document(
            self._resource, issuers, bearer_methods, self._scopes, self._further
        )


def check_members(members: object) -> Mapping[str, Any]:
    """Return the *members* that an operator adds to the document, after checking them (§2).

    A member that RFC 9728 does not define may have any JSON value. A member for readers may have
    a language tag, `resource_name#de` (§2.1).

    Raises:
        ConfigurationError: A value has the wrong type, or a member is decided by another setting,
            is not supported, or resembles a member of RFC 9728.
    """
    if not isinstance(members, Mapping):
        raise ConfigurationError(
            'metadata= is True, False, or further members: {"resource_name": "Shop"}.'
        )
    for name, value in members.items():
        _check_member(name, value)
    return members


def _check_member(name: object, value: object) -> None:
    plain, mark, language = str(name).partition("#")
    if not isinstance(name, str) or name == "signed_metadata":
        raise ConfigurationError(f"metadata= can't have the member {name!r}: leave it out.")
    if plain in _SET_BY:
        raise ConfigurationError(f"metadata= has {plain!r}, which {_SET_BY[plain]} decides.")
    if mark and (plain not in _FOR_READERS or not _LANGUAGE.fullmatch(language)):
        raise ConfigurationError(
            f"metadata= has {name!r}: a language, as in 'resource_name#de', is for members that "
            "people read."
        )
    if plain in _CHECKS:
        _CHECKS[plain](name, value)
        return
    known = [*_CHECKS, *_SET_BY, "signed_metadata"]
    if similar := difflib.get_close_matches(plain, known, 1, 0.8):
        raise ConfigurationError(f"metadata= has {name!r}: write {similar[0]!r}.")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ConfigurationError(f"metadata= has a value for {name!r} that is not JSON.") from None


def _check_url(name: str, value: object) -> None:
    parse_url(value, setting=f"metadata= {name}")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"metadata= has {name!r}, which takes text.")


def _check_list(name: str, value: object) -> None:
    if (
        not isinstance(value, list | tuple)
        or not value
        or not all(isinstance(each, str) and each for each in value)
    ):
        raise ConfigurationError(f'metadata= has {name!r}, which takes a list: ["..."].')
    if "none" in value:
        raise ConfigurationError(f"metadata= has {name!r}, which never contains none.")


_FOR_READERS: Mapping[str, Callable[[str, object], None]] = {
    "resource_name": _check_text,
    "resource_documentation": _check_url,
    "resource_policy_uri": _check_url,
    "resource_tos_uri": _check_url,
}
_CHECKS: Mapping[str, Callable[[str, object], None]] = {
    **_FOR_READERS,
    "jwks_uri": _check_url,
    "resource_signing_alg_values_supported": _check_list,
    "authorization_details_types_supported": _check_list,
}
