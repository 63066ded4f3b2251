"""Every identity field is always set, and its value can't end the field or begin another."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.forward_auth import IDENTITY_FIELDS, Assertion
from oauth_guard.forward_auth.identity_fields import identity_fields
from oauth_guard.protocol.identity import ANONYMOUS, Identity
from tests.builders.reverse_proxy import signing_key_pem
from tests.unit.protocol.properties import BOUNDED

SAFE = re.compile(rb"[A-Za-z0-9\-._~!$&'()*+,;=:@/|%]*(?: [A-Za-z0-9\-._~!$&'()*+,;=:@/|%]+)*")
ASSERTION = Assertion("https://edge.test", "https://api.test", key=[signing_key_pem()])


def found(identity: Identity, assertion: Assertion | None = None) -> dict[str, str]:
    """Return the fields by name; each is there once."""
    fields = identity_fields(identity, assertion)
    assert [name.decode() for name, _ in fields] == [name.lower() for name in IDENTITY_FIELDS]
    return {name.decode(): value.decode("ascii") for name, value in fields}


def test_caller_is_written_into_plain_fields() -> None:
    """Lists are sorted; the assertion is empty."""
    identity = Identity(
        "https://login.test", "alice", "shop", frozenset({"b", "a"}), frozenset({"two words"})
    )
    assert found(identity) == {
        "x-auth-subject": "alice",
        "x-auth-client": "shop",
        "x-auth-issuer": "https://login.test",
        "x-auth-kind": "user",
        "x-auth-scopes": "a b",
        "x-auth-roles": "two%20words",
        "x-auth-groups": "",
        "x-auth-entitlements": "",
        "x-auth-assertion": "",
    }


def test_anonymous_caller_has_no_value_but_the_kind() -> None:
    """And no assertion."""
    assert {name: value for name, value in found(ANONYMOUS).items() if value} == {
        "x-auth-kind": "anonymous"
    }
    assert set(found(ANONYMOUS, ASSERTION).values()) == {""}


def test_assertion_leaves_the_plain_fields_empty() -> None:
    """An application can't read them by mistake."""
    values = found(Identity("https://login.test", "alice"), ASSERTION)
    assert values.pop("x-auth-assertion").count(".") == 2
    assert set(values.values()) == {""}


@BOUNDED
@given(st.text(), st.sets(st.text(min_size=1)))
def test_any_value_is_safe_in_a_header_field(subject: str, names: set[str]) -> None:
    """A claim of a token may have line breaks, spaces and any other character."""
    identity = Identity("https://login.test", subject, subject, roles=frozenset(names))
    fields = dict(identity_fields(identity, None))
    assert all(SAFE.fullmatch(value) for value in fields.values())
    read = [unquote(each) for each in fields[b"x-auth-roles"].decode().split(" ") if each]
    assert set(read) == names


@pytest.mark.parametrize("text", ["a\r\nX-Auth-Roles: admin", "a\x00", "\ud800", "é"])
def test_line_break_and_lone_surrogate_are_encoded(text: str) -> None:
    """Nothing raises."""
    assert SAFE.fullmatch(dict(identity_fields(Identity("i", text), None))[b"x-auth-subject"])
