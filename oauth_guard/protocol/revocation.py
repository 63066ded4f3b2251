"""keys_of(): which tokens a revocation concerns, by keys that all processes compute alike."""

from collections.abc import Mapping
from hashlib import blake2b
from math import ceil
from typing import Any, Protocol, TypedDict, cast

from oauth_guard.errors import ConfigurationError

__all__ = [
    "CHANGES_KEY",
    "CUT_OFF_TOLERANCE",
    "NO_CUT_OFF",
    "Facts",
    "Selector",
    "all_entries",
    "change_entries",
    "issued_key",
    "keys_of",
    "listed_key",
    "read_selector",
    "reported_key",
    "revocation_entries",
    "revocation_key",
]

CUT_OFF_TOLERANCE = 5
"""How much later than the cut-off a revoked token may have been issued, in seconds."""

NO_CUT_OFF = (1 << 32) - 1
"""The cut-off of a revocation that concerns tokens of any age."""

_PURPOSE = b"oauth_guard revoke"[:16]
_BITS = 60  # the largest `int` that takes 32 bytes of memory
_LISTED = "listed jti"
_ALL = "issuer"
_PAIR = "sid and sub"


class Selector(TypedDict, total=False):
    """Which tokens of an issuer are revoked: by one of the first four, or `sid` and `subject`.

    Attributes:
        jti: One token. While a `jti` of an issuer is listed, a token of that issuer without one
            is rejected too, since it may be the listed one.
        sid: The tokens of one session at the issuer, whenever they were issued.
        subject: The tokens of one subject that were issued up to `issued_until` plus 5 s, and
            those without `iat`.
        client_id: The tokens of one client: without `issued_until` whenever they were issued,
            with it as for a subject.
        issued_until: The cut-off for a subject or a client, in seconds since the epoch. That of a
            subject is now if it is left out.

    `sid` and `subject` together revoke the tokens of this session that are of this subject,
    whenever they were issued.
    """

    jti: str
    sid: str
    subject: str
    client_id: str
    issued_until: float


_CLAIMS = {"jti": "jti", "sid": "sid", "subject": "sub", "client_id": "client_id"}
_UNTIL = "issued_until"
_SELECTORS = [
    *({name} for name in _CLAIMS),
    *({"sid", "subject"}, {"subject", _UNTIL}, {"client_id", _UNTIL}),
]


class Facts(Protocol):
    """What a token says of itself: an `Identity` or an `AccessToken`."""

    @property
    def issuer(self) -> str | None:
        """The identifier of its issuer."""

    @property
    def subject(self) -> str | None:
        """Its subject; None if there is none."""

    @property
    def client_id(self) -> str | None:
        """The client that it was issued to; None if it is not known."""

    @property
    def claims(self) -> Mapping[str, Any]:
        """All its claims."""


def revocation_key(by: str, issuer: str, value: str) -> int:
    """Return the key of a revocation: a digest of 60 bits, the same in every process.

    Two tokens in 10^18 have the same key, so one of a million entries rejects a token that it
    does not name about once in 10^12 tokens.
    """
    parts = (part.encode("utf-8", "surrogatepass") for part in (by, issuer, value))
    framed = b"".join(len(part).to_bytes(8) + part for part in parts)
    return int.from_bytes(blake2b(framed, digest_size=8, person=_PURPOSE).digest()) >> (64 - _BITS)


def listed_key(issuer: str) -> int:
    """Return the key of the entry that says: a `jti` of *issuer* is listed."""
    return revocation_key(_LISTED, issuer, "")


def _all_key(issuer: str) -> int:
    return revocation_key(_ALL, issuer, "")


def keys_of(token: Facts) -> tuple[int, ...]:
    """Return the keys of the entries that revoke *token*, if it was issued up to their cut-off.

    A token whose `jti` is missing, empty or no string has the key of `listed_key` in its place:
    whether it is the listed one can't be known.
    """
    issuer, claims = token.issuer or "", token.claims
    jti = _text(claims, "jti")
    keys = [_all_key(issuer)]
    keys.append(listed_key(issuer) if jti is None else revocation_key("jti", issuer, jti))
    if (sid := _text(claims, "sid")) is not None:
        keys.append(revocation_key("sid", issuer, sid))
    if token.client_id is not None:
        keys.append(revocation_key("client_id", issuer, token.client_id))
    # An issuer's rules may read the subject from another claim than `sub`.
    subjects = dict.fromkeys((token.subject, _text(claims, "sub")))
    named = [each for each in subjects if each is not None]
    keys += [revocation_key("sub", issuer, each) for each in named]
    if sid is not None:
        keys += [revocation_key(_PAIR, issuer, _pair(sid, each)) for each in named]
    return tuple(keys)


def read_selector(issuer: str, selector: Selector, *, method: str = "revoke") -> tuple[str, str]:
    """Return the claim that *selector* names, and its value; *method* is named in the error.

    Raises:
        ConfigurationError: There is not exactly one, or something is empty: it would concern no
            token, or too many.
    """
    if selector.keys() not in _SELECTORS:
        raise ConfigurationError(
            f"{method}() takes one of jti=, sid=, client_id= and subject=, or sid= and subject=; "
            "issued_until= may be added to client_id= or subject=."
        )
    given = {name: value for name, value in selector.items() if name in _CLAIMS}
    _check_not_empty(issuer, *given.values(), method=method)
    if len(given) > 1:
        return _PAIR, _pair(selector["sid"], selector["subject"])
    name, value = next(iter(given.items()))
    return _CLAIMS[name], cast("str", value)


def _check_not_empty(*texts: object, method: str) -> None:
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise ConfigurationError(
            f"{method}() needs the issuer, and no value may be empty: "
            f'await guard.{method}("https://login.example.com", ...).'
        )


def all_entries(issuer: str, until: float) -> dict[int, int]:
    """Return the entry that revokes every token of *issuer* that was issued up to *until*.

    Raises:
        ConfigurationError: *issuer* is empty, or no string.
    """
    _check_not_empty(issuer, method="revoke_all")
    return {_all_key(issuer): _cut_off(until)}


CHANGES_KEY = revocation_key("claims changed", "", "")
"""The key of the entry that says: the claims of some tokens have changed."""

# The digests are spread evenly, so their bits can be inverted: these keys equal no other key more
# often than digests equal each other.
_ISSUED, _REPORTED = 0x5A5A5A5A5A5A5A5, 0xA5A5A5A5A5A5A5A


def revocation_entries(issuer: str, selector: Selector, now: float) -> dict[int, int]:
    """Return the entries of a deny-list that revoke the tokens of *selector*: key and cut-off.

    Raises:
        ConfigurationError: See `read_selector`.
    """
    by, value = read_selector(issuer, selector)
    until = selector.get("issued_until", now if by == "sub" else None)
    cut_off = NO_CUT_OFF if until is None else _cut_off(until)
    keys = [revocation_key(by, issuer, value)]
    if by == "jti":
        keys.append(listed_key(issuer))
    return dict.fromkeys(keys, cut_off)


def change_entries(
    issuer: str, selector: Selector, changed_at: float | None, now: float
) -> dict[int, int]:
    """Return the entries which say that the claims of the tokens of *selector* have changed.

    Args:
        issuer: The issuer of the tokens.
        selector: Which tokens.
        changed_at: When the claims changed, by the clock of the issuer; None for *now*.
        now: The current time, in seconds since the epoch.

    Raises:
        ConfigurationError: See `read_selector`, or `issued_until` is given.
    """
    if "issued_until" in selector:
        raise ConfigurationError("claims_changed() takes changed_at=, not issued_until=.")
    by, value = read_selector(issuer, selector, method="claims_changed")
    issued, reported = _cut_off(now if changed_at is None else changed_at), _cut_off(now)
    key = revocation_key(by, issuer, value)
    # A token has its `jti` from the beginning, so it was issued before its claims changed.
    entries = {issued_key(key): NO_CUT_OFF if by == "jti" else issued, reported_key(key): reported}
    if by == "jti":
        listed = listed_key(issuer)
        entries |= {issued_key(listed): issued, reported_key(listed): reported}
    return {**entries, CHANGES_KEY: 0}


def issued_key(key: int) -> int:
    """Return the key of an entry about changed claims, for tokens whose claims are signed.

    Args:
        key: The key of a revocation of the same tokens.
    """
    return key ^ _ISSUED


def reported_key(key: int) -> int:
    """Return the key of an entry about changed claims, for claims from introspection.

    Args:
        key: The key of a revocation of the same tokens.
    """
    return key ^ _REPORTED


def _pair(sid: str, subject: str) -> str:
    """Return both as one string; different pairs never give the same one."""
    return f"{len(sid)} {sid}{subject}"


def _cut_off(until: float) -> int:
    return min(max(ceil(until) + CUT_OFF_TOLERANCE, 0), NO_CUT_OFF - 1)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
