"""keys_of(): which tokens a revocation concerns, and what a selector may name."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Identity
from oauth_guard.jose.frozen import FrozenDict
from oauth_guard.protocol.revocation import (
    CHANGES_KEY,
    NO_CUT_OFF,
    all_entries,
    change_entries,
    issued_key,
    keys_of,
    listed_key,
    read_selector,
    reported_key,
    revocation_entries,
    revocation_key,
)

ISSUER = "https://as.test"
NOW = 1_800_000_000
(ALL,) = all_entries(ISSUER, NOW)


def _identity(subject: str | None = None, client_id: str | None = None, **claims: Any) -> Identity:
    return Identity(issuer=ISSUER, subject=subject, client_id=client_id, claims=FrozenDict(claims))


def test_keys_name_token_session_client_and_subject() -> None:
    """Each is scoped by the issuer, whose tokens may be revoked together."""
    identity = _identity("u1", "c1", jti="j1", sid="s1", sub="u1")
    pair = read_selector(ISSUER, {"sid": "s1", "subject": "u1"})
    named = [("jti", "j1"), ("sid", "s1"), ("client_id", "c1"), ("sub", "u1"), pair]
    keys = [revocation_key(by, ISSUER, value) for by, value in named]
    assert keys_of(identity) == (ALL, *keys)


@pytest.mark.parametrize("jti", [None, "", 5, True])
def test_unreadable_jti_has_the_key_of_listed_ones(jti: object) -> None:
    """The token may be the one that is listed; `sid` and `sub` of other types name nothing."""
    identity = _identity(jti=jti, sid=5, sub=None)
    assert keys_of(identity) == (ALL, listed_key(ISSUER))


def test_subject_of_another_claim_is_revoked_by_both_names() -> None:
    """An issuer's logout token names `sub`, the operator may read `username`."""
    identity = _identity("alice", sub="u1", jti="j1")
    subjects = {revocation_key("sub", ISSUER, "alice"), revocation_key("sub", ISSUER, "u1")}
    assert subjects < set(keys_of(identity))


def test_key_depends_on_each_part_and_takes_32_bytes() -> None:
    """No part can be moved into another one."""
    keys = {
        revocation_key("jti", ISSUER, "a"),
        revocation_key("sid", ISSUER, "a"),
        revocation_key("jti", f"{ISSUER}/", "a"),
        revocation_key("jti", f"{ISSUER}a", ""),
        revocation_key("jti", ISSUER, "\ud800"),
        listed_key(ISSUER),
        ALL,
    }
    assert len(keys) == 7
    assert max(keys).bit_length() <= 60
    assert max(keys).__sizeof__() <= 32


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"jti": "a"}, ("jti", "a")),
        ({"sid": "a"}, ("sid", "a")),
        ({"client_id": "a"}, ("client_id", "a")),
        ({"subject": "a"}, ("sub", "a")),
        ({"subject": "a", "issued_until": 5}, ("sub", "a")),
        ({"client_id": "a", "issued_until": 5}, ("client_id", "a")),
    ],
)
def test_selector_names_one_claim(selector: Any, expected: tuple[str, str]) -> None:
    """A cut-off belongs to a subject or a client."""
    assert read_selector(ISSUER, selector) == expected


@pytest.mark.parametrize(
    ("issuer", "selector"),
    [
        (ISSUER, {}),
        (ISSUER, {"issued_until": 5}),
        (ISSUER, {"jti": "a", "sid": "b"}),
        (ISSUER, {"jti": "a", "issued_until": 5}),
        (ISSUER, {"subject": "a", "jti": "b"}),
        (ISSUER, {"user": "a"}),
        (ISSUER, {"sid": "a", "subject": ""}),
        (ISSUER, {"sid": "a", "subject": "b", "issued_until": 1}),
        (ISSUER, {"sid": ""}),
        (ISSUER, {"sid": " "}),
        (ISSUER, {"sid": None}),
        (ISSUER, {"sid": 5}),
        ("", {"sid": "a"}),
        (None, {"sid": "a"}),
    ],
)
def test_selector_that_is_not_exactly_one_value_is_refused(issuer: Any, selector: Any) -> None:
    """It would revoke nothing, or everything."""
    with pytest.raises(ConfigurationError, match="revoke"):
        read_selector(issuer, selector)


def test_revocation_of_a_subject_has_a_cut_off_and_that_of_a_client_may_have_one() -> None:
    """A `jti` has a second entry, for tokens without one."""
    subject, token = revocation_key("sub", ISSUER, "u1"), revocation_key("jti", ISSUER, "j1")
    assert revocation_entries(ISSUER, {"subject": "u1"}, NOW + 0.2) == {subject: NOW + 6}
    until = revocation_entries(ISSUER, {"subject": "u1", "issued_until": -9}, NOW)
    assert until == {subject: 0}
    client = revocation_key("client_id", ISSUER, "c1")
    until = revocation_entries(ISSUER, {"client_id": "c1", "issued_until": NOW - 9}, NOW)
    assert until == {client: NOW - 4}
    assert revocation_entries(ISSUER, {"client_id": "c1"}, NOW) == {client: NO_CUT_OFF}
    listed = listed_key(ISSUER)
    entries = revocation_entries(ISSUER, {"jti": "j1"}, NOW)
    assert entries == {token: NO_CUT_OFF, listed: NO_CUT_OFF}


def test_revocation_of_all_tokens_has_a_cut_off() -> None:
    """So new ones are accepted; the issuer is named."""
    assert all_entries(ISSUER, NOW + 0.2) == {ALL: NOW + 6}
    with pytest.raises(ConfigurationError, match="revoke_all"):
        all_entries("", NOW)


def test_change_has_a_cut_off_by_each_clock() -> None:
    """Signed claims are measured by the issuer's clock, reported ones by the own."""
    key, token = revocation_key("sub", ISSUER, "u1"), revocation_key("jti", ISSUER, "j1")
    assert change_entries(ISSUER, {"subject": "u1"}, NOW - 60, NOW) == {
        issued_key(key): NOW - 55,
        reported_key(key): NOW + 5,
        CHANGES_KEY: 0,
    }
    listed = listed_key(ISSUER)
    assert change_entries(ISSUER, {"jti": "j1"}, None, NOW) == {
        issued_key(token): NO_CUT_OFF,
        reported_key(token): NOW + 5,
        issued_key(listed): NOW + 5,
        reported_key(listed): NOW + 5,
        CHANGES_KEY: 0,
    }
    assert max(issued_key(key), reported_key(key)).bit_length() <= 60


@pytest.mark.parametrize("selector", [{}, {"subject": " "}, {"subject": "a", "issued_until": 1}])
def test_change_of_no_subject_is_refused(selector: Any) -> None:
    """As a revocation of none is; the method is named."""
    with pytest.raises(ConfigurationError, match="claims_changed"):
        change_entries(ISSUER, selector, None, NOW)
