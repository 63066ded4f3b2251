"""DevelopmentStore: files of one user alone, tokens of 8 hours at most, revocation."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oauth_guard import ConfigurationError
from oauth_guard.issuers.development_store import MAX_LIFETIME, DevelopmentStore
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.signing import SigningKey
from oauth_guard.testing import MovableClock


def _store(folder: Path, clock: MovableClock | None = None) -> DevelopmentStore:
    return DevelopmentStore(folder / "oauth-guard", clock=clock or MovableClock())


def test_files_are_readable_by_their_user_only(tmp_path: Path) -> None:
    """Whatever the umask is."""
    before = os.umask(0)
    try:
        _store(tmp_path).issue(["read"], "u1", 60)
    finally:
        os.umask(before)
    folder = tmp_path / "oauth-guard"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_folder_is_in_the_data_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG_DATA_HOME, or its default."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    DevelopmentStore().key()
    assert (tmp_path / "oauth-guard" / "development" / "key.pem").exists()
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    DevelopmentStore().key()
    assert (tmp_path / "home/.local/share/oauth-guard/development/key.pem").exists()


def test_key_is_created_once(tmp_path: Path) -> None:
    """Another process of the user signs with the same key."""
    assert _store(tmp_path).key().public_jwk == _store(tmp_path).key().public_jwk
    assert _store(tmp_path).key().key_id


def test_token_has_the_claims_of_an_access_token(tmp_path: Path) -> None:
    """RFC 9068 section 2.2; the token itself is in no file."""
    clock = MovableClock()
    token = _store(tmp_path, clock).issue(["read", "write"], "u7", 90)
    jws = parse_jws(token)
    assert jws.header.type == "at+jwt"
    claims = dict(jws.claims)
    assert claims["scope"] == "read write"
    assert claims["sub"] == "u7"
    assert claims["exp"] - claims["iat"] == 90
    contents = [each.read_text() for each in (tmp_path / "oauth-guard").iterdir()]
    assert all(token.rpartition(".")[2] not in each for each in contents)


@pytest.mark.parametrize("seconds", [0, -1, MAX_LIFETIME + 1, float("inf"), float("nan")])
def test_token_of_another_lifetime_is_not_issued(tmp_path: Path, seconds: float) -> None:
    """At most 8 hours."""
    with pytest.raises(ConfigurationError, match="8 hours"):
        _store(tmp_path).issue([], "u1", seconds)


def test_tokens_are_listed_until_they_expire_or_are_revoked(tmp_path: Path) -> None:
    """A listed token can be printed again."""
    clock = MovableClock()
    store = _store(tmp_path, clock)
    store.issue(["a"], "u1", 60)
    clock.advance(10)
    store.issue(["b"], "u1", 600)
    first, second = store.listed()
    assert [each.claims["scope"] for each in (first, second)] == ["a", "b"]
    assert (first.remaining, second.remaining) == pytest.approx((50, 600), abs=1)
    assert dict(parse_jws(store.token(second.id)).claims) == second.claims
    clock.advance(50)
    assert [each.id for each in store.listed()] == [second.id]
    assert not store.is_listed(first.id)
    assert store.is_listed(second.id)
    store.revoke(second.id)
    assert not store.is_listed(second.id)
    assert store.listed() == []


@pytest.mark.parametrize("number", ["../key", "a" * 12, "", "KEY"])
def test_unknown_token_is_neither_printed_nor_revoked(tmp_path: Path, number: str) -> None:
    """An id is no path."""
    store = _store(tmp_path)
    store.issue([], "u1", 60)
    (tmp_path / "key.json").touch(mode=0o600)
    for use in (store.revoke, store.token):
        with pytest.raises(ConfigurationError, match="no development token of yours"):
            use(number)
    assert not store.is_listed(number)
    assert not store.is_listed(None)
    assert len(store.listed()) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_key_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    """They could sign tokens of this user."""
    store = _store(tmp_path)
    store.key()
    (tmp_path / "oauth-guard" / "key.pem").chmod(mode)
    with pytest.raises(ConfigurationError, match="not yours alone"):
        store.key()


def test_key_of_another_user_is_not_used(tmp_path: Path) -> None:
    """Root may read it, and does not trust it."""
    if os.getuid() != 0:
        pytest.skip("only root may give a file to another user")
    store = _store(tmp_path)
    store.issue([], "u1", 60)
    (number,) = [each.id for each in store.listed()]
    for name in ("key.pem", f"{number}.json"):
        os.chown(tmp_path / "oauth-guard" / name, 65534, 65534)
    with pytest.raises(ConfigurationError, match="not yours alone"):
        store.key()
    with pytest.raises(ConfigurationError, match="not yours alone"):
        store.is_listed(number)


def test_key_behind_a_link_is_not_used(tmp_path: Path) -> None:
    """Another user may have made the link."""
    other = tmp_path / "other.pem"
    other.write_bytes(SigningKey.generate().to_pem())
    other.chmod(0o600)
    (tmp_path / "oauth-guard").mkdir()
    (tmp_path / "oauth-guard" / "key.pem").symlink_to(other)
    with pytest.raises(ConfigurationError, match=r"can't use .*key\.pem"):
        _store(tmp_path).key()


def test_file_that_is_no_key_is_not_used(tmp_path: Path) -> None:
    """The text names the file."""
    store = _store(tmp_path)
    store.key()
    (tmp_path / "oauth-guard" / "key.pem").write_bytes(b"no key")
    with pytest.raises(ConfigurationError, match=r"key\.pem: it is no private key"):
        store.key()


def test_folder_that_can_not_be_created_is_an_error(tmp_path: Path) -> None:
    """Such as below a file."""
    (tmp_path / "oauth-guard").write_text("a file")
    with pytest.raises(ConfigurationError, match="XDG_DATA_HOME"):
        _store(tmp_path).key()


def test_other_files_are_no_tokens(tmp_path: Path) -> None:
    """Such as a file that an editor has left, or a token that is removed meanwhile."""
    store = _store(tmp_path)
    store.issue([], "u1", 60)
    folder = tmp_path / "oauth-guard"
    (folder / "notes.json").write_text("{}")
    assert len(store.listed()) == 1


def test_processes_that_start_together_use_one_key(tmp_path: Path) -> None:
    """The first one creates it."""
    stores = [_store(tmp_path) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda store: store.key().key_id, stores))
    assert len(set(keys)) == 1
    assert [each.name for each in (tmp_path / "oauth-guard").iterdir()] == ["key.pem"]


def test_token_that_is_revoked_while_others_are_listed_is_left_out(tmp_path: Path) -> None:
    """A link that leads nowhere is as a file that was removed in between."""
    store = _store(tmp_path)
    store.issue([], "u1", 60)
    (number,) = [each.id for each in store.listed()]
    seen = threading.Event()

    def revoke() -> None:
        store.revoke(number)
        seen.set()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(revoke)
        while not seen.is_set():
            assert len(store.listed()) <= 1
    assert store.listed() == []
