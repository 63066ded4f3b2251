"""read_message() and check_fields(): only what every parser reads in the same way is accepted."""

import base64
import json
from typing import Any

import pytest

from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.mcp.message import check_fields, read_message

CALL: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "whoami", "arguments": {"Name": "x", "URI": 1}},
}
JSON = (b"content-type", b"application/json")
_NAME = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{%s}}'


@pytest.mark.parametrize(
    "message",
    [
        CALL,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": None},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "x"}},
        {"jsonrpc": "2.0", "id": 1, "method": "x/other", "params": {"names": 1}},
        {"id": 1, "method": "tools/call", "params": {"name": "a", "x": {"y": [{}] * 3000}}},
        {"id": 1, "method": "completion/complete", "params": {"ref": {"type": "other"}}},
    ],
    ids=["call", "notification", "null", "result", "error", "other", "many values", "completion"],
)
def test_message_is_read(message: dict[str, Any]) -> None:
    """Requests, notifications and responses; arguments may have any names."""
    assert read_message(json.dumps(message).encode()) == message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"[" + json.dumps(CALL).encode() + b"]",
        b"\xff",
        json.dumps(CALL).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps(CALL).encode(),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"method":"ping","params":{"a":NaN}}',
        b'{"method":"ping","method":"tools/call"}',
        b'{"method":"ping","Method":"tools/call"}',
        b'{"method":"ping","PARAMS":{"name":"delete"}}',
        b'{"Method":"tools/call"}',
        b'{"method":["tools/call"]}',
        b'{"method":"Tools/Call","params":{"name":"delete"}}',
        b'{"method":"tools/call ","params":{"name":"delete"}}',
        b'{"method":"tools/call","params":["delete"]}',
        b'{"id":1}',
        (_NAME % '"name":"whoami","Name":"delete"').encode(),
        (_NAME % '"name":"whoami","name":"delete"').encode(),
        (_NAME % '"name":"whoami","n\\u0061me":"delete"').encode(),
        (_NAME % '"name":["delete"]').encode(),
        (_NAME % '"name":null').encode(),
        (_NAME % "").encode(),
        b'{"method":"resources/read","params":{"uri":7}}',
        b'{"method":"resources/read","params":{"uri":"a:","Uri":"b:"}}',
        b'{"method":"completion/complete","params":{"ref":{"type":"ref/prompt","Name":"a"}}}',
        b'{"method":"subscriptions/listen","params":{"notifications":{"resourcesubscriptions":[]}}}',
        b'{"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":[7]}}}',
    ],
    ids=lambda body: body[:60].decode("ascii", "replace"),
)
def test_body_that_is_not_one_unambiguous_message_is_rejected(body: bytes) -> None:
    """The same error for all."""
    with pytest.raises(InvalidRequest) as caught:
        read_message(body)
    assert caught.value.reason == Reason.MALFORMED_MESSAGE


def _modern(**further: Any) -> dict[str, Any]:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    return {**CALL, "params": {"name": "whoami", "_meta": meta, **further}}


VERSION = (b"mcp-protocol-version", b"2026-07-28")
METHOD, NAME = (b"mcp-method", b"tools/call"), (b"mcp-name", b"whoami")
ENCODED = (b"mcp-name", b"=?base64?" + base64.b64encode(b"whoami") + b"?=")


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (CALL, []),
        (CALL, [(b"mcp-protocol-version", b"2025-11-25")]),
        (CALL, [METHOD, NAME]),
        (_modern(), [VERSION, METHOD, NAME]),
        (_modern(), [VERSION, METHOD, ENCODED]),
        (_modern(name="n\u00f6tes"), [VERSION, METHOD, (b"mcp-name", b"=?base64?bsO2dGVz?=")]),
        ({"method": "notifications/x"}, [VERSION]),
        ({"id": 1, "result": {}}, [VERSION]),
        ({"id": 1, "method": "tools/list"}, [VERSION, (b"mcp-method", b"tools/list"), NAME]),
    ],
    ids=[
        "none",
        "older",
        "older with",
        "modern",
        "encoded",
        "other",
        "notification",
        "result",
        "list",
    ],
)
def test_fields_that_agree_with_the_message_are_accepted(
    message: dict[str, Any], fields: list[tuple[bytes, bytes]]
) -> None:
    """From 2026-07-28 on they are required for requests."""
    check_fields(message, [JSON, *fields])


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (CALL, [(b"mcp-method", b"tools/list")]),
        (CALL, [(b"mcp-method", b"Tools/Call")]),
        (CALL, [(b"mcp-name", b"delete")]),
        (CALL, [METHOD, METHOD]),
        (CALL, [NAME, (b"mcp-name", b"delete")]),
        (CALL, [VERSION]),
        (CALL, [VERSION, METHOD]),
        (_modern(), [METHOD, NAME]),
        (_modern(), [(b"mcp-protocol-version", b"2025-11-25"), METHOD, NAME]),
        (_modern(name="whoam"), [VERSION, METHOD, (b"mcp-name", b"=?base64?d2hvYW1=?=")]),
        (_modern(), [VERSION, METHOD, (b"mcp-name", b"=?base64?d2hvYW1p*?=")]),
        (_modern(name="\udcff"), [VERSION, METHOD, (b"mcp-name", b"=?base64?/w==?=")]),
        ({"id": 1, "result": {}}, [METHOD]),
        ({"id": 1, "method": "x"}, [(b"mcp-protocol-version", b"2027-01-01")]),
    ],
    ids=[
        *("method", "case", "name", "two methods", "two names", "no method", "no name"),
        *("no version", "version", "not canonical", "not base64", "not UTF-8", "response", "later"),
    ],
)
def test_fields_that_differ_from_the_message_are_rejected(
    message: dict[str, Any], fields: list[tuple[bytes, bytes]]
) -> None:
    """So what is in front of the server reads no other operation."""
    with pytest.raises(InvalidRequest) as caught:
        check_fields(message, [JSON, *fields])
    assert caught.value.reason == Reason.HEADER_MISMATCH


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"application/json; charset=utf-7")],
        [(b"content-type", b"application/json; charset=utf-16")],
        [(b"content-type", b"multipart/form-data; boundary=x")],
        [JSON, (b"content-encoding", b"br")],
    ],
    ids=["none", "text", "UTF-7", "UTF-16", "multipart", "encoded"],
)
def test_body_that_is_declared_to_be_other_than_json_is_rejected(
    fields: list[tuple[bytes, bytes]],
) -> None:
    """A server would decode its bytes to another message."""
    with pytest.raises(InvalidRequest) as caught:
        check_fields(CALL, fields)
    assert caught.value.reason == Reason.MALFORMED_MESSAGE


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_utf_8_may_be_declared(charset: str) -> None:
    """It is what JSON is in."""
    check_fields(CALL, [(b"content-type", f"application/json; charset={charset}".encode())])
