"""Each algorithm tells a good signature just as PyJWT does, however it is bent."""

import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import example, given
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from oauth_guard.jose.algorithms import ASYMMETRIC, CHECKS, SYMMETRIC
from tests.unit.jose.forging import key_for
from tests.unit.protocol.properties import BOUNDED

_PYJWT = get_default_algorithms()
_SIGNED = b"header.payload"
_SECRET = secrets.token_bytes(64)


def _flipped(good: bytes, at: int) -> bytes:
    bent = bytearray(good)
    bent[at // 8 % len(bent)] ^= 1 << at % 8
    return bytes(bent)


_BENDS: dict[str, Callable[[bytes, int], bytes]] = {
    "as it is": lambda good, _: good,
    "a bit flipped": _flipped,
    "cut": lambda good, at: good[: at % len(good)],
    "begun later": lambda good, at: good[at % len(good) :],
    "a byte more": lambda good, at: good + bytes([at % 256]),
    "a byte before": lambda good, at: bytes([at % 256]) + good,
    "zeros": lambda good, _: bytes(len(good)),
    "ones": lambda good, _: b"\xff" * len(good),
    "halves swapped": lambda good, _: good[len(good) // 2 :] + good[: len(good) // 2],
    "the first half zero": lambda good, _: bytes(len(good) // 2) + good[len(good) // 2 :],
    "a zero before the second half": lambda good, _: (
        good[: len(good) // 2] + b"\0" + good[len(good) // 2 :]
    ),
    "nothing": lambda *_: b"",
}


def _keys(algorithm: str) -> tuple[Any, Any]:
    """Return what signs, and what verifies."""
    if algorithm in SYMMETRIC:
        return _SECRET, _SECRET
    private = key_for({"RS": "RS256", "PS": "RS256", "Ed": "EdDSA"}.get(algorithm[:2], algorithm))
    return private.private, private.private.public_key()


def _theirs(algorithm: str) -> Any:
    return _PYJWT["EdDSA" if algorithm == "Ed25519" else algorithm]


@cache
def _good(algorithm: str) -> bytes:
    signature: bytes = _theirs(algorithm).sign(_SIGNED, _keys(algorithm)[0])
    return signature


def _counts(algorithm: str, signature: bytes, signed: bytes = _SIGNED) -> bool:
    try:
        CHECKS[algorithm](_keys(algorithm)[1], signature, signed)
    except InvalidSignature:
        return False
    return True


def test_each_algorithm_on_offer_has_its_check() -> None:
    """And nothing else has one, such as `none`."""
    assert CHECKS.keys() == ASYMMETRIC | SYMMETRIC


@pytest.mark.parametrize("algorithm", sorted(CHECKS))
def test_a_signature_counts_for_what_was_signed_alone(algorithm: str) -> None:
    """Not for a text that is longer, shorter or another."""
    assert _counts(algorithm, _good(algorithm))
    for other in (b"", _SIGNED + b".", _SIGNED[:-1], _SIGNED.swapcase()):
        assert not _counts(algorithm, _good(algorithm), other)


def test_leading_zeros_are_part_of_a_signature() -> None:
    """Neither half may be written shorter, though its number is the same."""
    es256 = _theirs("ES256")
    signed = (es256.sign(_SIGNED, _keys("ES256")[0]) for _ in range(10_000))
    short = next(each for each in signed if each[32] == 0)
    assert _counts("ES256", short)
    assert not _counts("ES256", short[:32] + short[33:])


@pytest.mark.parametrize("algorithm", sorted(CHECKS))
@BOUNDED
@example(bend="a zero before the second half", at=0)
@given(bend=st.sampled_from(sorted(_BENDS)), at=st.integers(0, 4096))
def test_a_bent_signature_counts_as_with_pyjwt(algorithm: str, bend: str, at: int) -> None:
    """Neither takes what the other refuses."""
    signature = _BENDS[bend](_good(algorithm), at)
    theirs = _theirs(algorithm).verify(_SIGNED, _keys(algorithm)[1], signature)
    assert _counts(algorithm, signature) is theirs is (signature == _good(algorithm))
