"""read_message(): one JSON-RPC message, unless two parsers might read it differently.

For servers behind a guard that reads the body of a request a second time.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.mcp.names import folded
from oauth_guard.mcp.operations import METHODS_WITH_NAMES, names_in

__all__ = ["check_fields", "read_message"]

_MEMBERS = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
_NAMING = frozenset({"name", "uri", "ref", "notifications", "_meta"})
_REFERENCE = frozenset({"type", "name", "uri"})
_WATCHED = frozenset({"resourceSubscriptions"})
_FIELDS = (b"content-type", b"content-encoding", b"mcp-method", b"mcp-name")
_VERSION = b"mcp-protocol-version"
_FIRST_WITH_FIELDS = "2026-07-28"
_VERSION_MEMBER = "io.modelcontextprotocol/protocolVersion"
# The members that `Mcp-Name` repeats.
_MIRRORED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ENCODED, _END = "=?base64?", "?="


def read_message(body: bytes) -> dict[str, Any]:
    """Return the message in *body*, one object of strict JSON: no batch.

    The members that decide what a message does must be spelled as the specification spells them,
    since some parsers ignore case. The length of *body* is not checked.

    Raises:
        InvalidRequest: It is none, or is ambiguous.
    """
    try:
        message = parse_object(body, bounded=False)
    except ValueError:
        raise InvalidRequest(Reason.MALFORMED_MESSAGE) from None
    if not _is_message(message):
        raise InvalidRequest(Reason.MALFORMED_MESSAGE)
    return message


def _is_message(message: dict[str, Any]) -> bool:
    params, method = message.get("params"), message.get("method")
    if not (params is None or isinstance(params, dict)):
        return False
    if not isinstance(method, str):  # it responds to a request of the server
        return method is None and ("result" in message or "error" in message)
    known = params or {}
    parts: tuple[tuple[object, frozenset[str]], ...] = (
        (message, _MEMBERS),
        (known, _NAMING),
        (known.get("ref"), _REFERENCE),
        (known.get("notifications"), _WATCHED),
    )
    return (
        (method in METHODS_WITH_NAMES or folded(method) not in METHODS_WITH_NAMES)
        and all(_is_plain(part, deciding) for part, deciding in parts)
        and all(isinstance(name, str) for _, name in names_in(method, params))
    )


def _is_plain(part: object, deciding: frozenset[str]) -> bool:
    """Return whether no member of *part* differs from a *deciding* one only in its spelling."""
    if not isinstance(part, dict):
        return True
    spelled = {folded(each) for each in deciding}
    return all(name in deciding or folded(name) not in spelled for name in part)


def check_fields(message: Mapping[str, Any], headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Check that the header fields of a request agree with *message*.

    From the revision 2026-07-28 on, `Mcp-Method` and `Mcp-Name` are required for a request.

    Args:
        message: The message in the body.
        headers: The header fields of the request, with names in lower case.

    Raises:
        InvalidRequest: They differ; one of them is there twice; or the body is encoded, or is
            declared to be other than JSON in UTF-8.
    """
    fields = dict[bytes, str]()
    for name, value in headers:
        if name in _FIELDS or name == _VERSION:
            if name in fields:
                raise InvalidRequest(Reason.HEADER_MISMATCH)
            fields[name] = value.decode("latin-1")
    if not _is_json(fields.get(b"content-type", "")) or b"content-encoding" in fields:
        raise InvalidRequest(Reason.MALFORMED_MESSAGE)
    if not all(_agreements(message, fields)):
        raise InvalidRequest(Reason.HEADER_MISMATCH)


def _is_json(content_type: str) -> bool:
    kind, _, parameter = content_type.lower().partition(";")
    charset = parameter.replace(" ", "").replace('"', "")
    return kind.strip() == "application/json" and charset in {"", "charset=utf-8"}


def _agreements(message: Mapping[str, Any], fields: Mapping[bytes, str]) -> Iterator[bool]:
    params, method = message.get("params") or {}, message.get("method")
    version, meta = fields.get(_VERSION), params.get("_meta")
    named = meta.get(_VERSION_MEMBER) if isinstance(meta, dict) else None
    yield named is None or named == version
    is_required = version is not None and version >= _FIRST_WITH_FIELDS and "id" in message
    if b"mcp-method" in fields or (is_required and method is not None):
        yield fields.get(b"mcp-method") == method
    member = _MIRRORED.get(str(method))
    if member is not None and (b"mcp-name" in fields or is_required):
        yield _decoded(fields.get(b"mcp-name")) == params.get(member)


def _decoded(value: str | None) -> str | None:
    """Return what *value* means, which may be encoded in Base64; None if it means nothing."""
    if value is None or not (value.startswith(_ENCODED) and value.endswith(_END)):
        return value
    payload = value[len(_ENCODED) : -len(_END)]
    try:
        decoded = base64.b64decode(payload, validate=True)
        is_canonical = base64.b64encode(decoded).decode("ascii") == payload
        return decoded.decode("utf-8") if is_canonical else None
    except (binascii.Error, ValueError):
        return None
