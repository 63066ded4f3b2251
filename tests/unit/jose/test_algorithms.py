"""Signature verification accepts exactly the signatures that PyJWT accepts."""

import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import example, given
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from oauth_guard.jose.algorithms import ASYMMETRIC, SYMMETRIC, VERIFIERS, der_signature
from oauth_guard.jose.ml_dsa import ML_DSA
from tests.unit.jose.forging import key_for
from tests.unit.protocol.properties import BOUNDED

_PYJWT = get_default_algorithms()
_SIGNED = b"header.payload"
_SECRET = secrets.token_bytes(64)
_KNOWN_TO_PYJWT = [name for name in VERIFIERS if name not in ML_DSA]


def _flip_bit(valid: bytes, at: int) -> bytes:
    changed = bytearray(valid)
    changed[at // 8 % len(changed)] ^= 1 << at % 8
    return bytes(changed)


_MUTATIONS: dict[str, Callable[[bytes, int], bytes]] = {
    "unchanged": lambda valid, _: valid,
    "a bit flipped": _flip_bit,
    "end cut off": lambda valid, at: valid[: at % len(valid)],
    "start cut off": lambda valid, at: valid[at % len(valid) :],
    "a byte appended": lambda valid, at: valid + bytes([at % 256]),
    "a byte prepended": lambda valid, at: bytes([at % 256]) + valid,
    "zeros": lambda valid, _: bytes(len(valid)),
    "ones": lambda valid, _: b"\xff" * len(valid),
    "halves swapped": lambda valid, _: valid[len(valid) // 2 :] + valid[: len(valid) // 2],
    "the first half zero": lambda valid, _: bytes(len(valid) // 2) + valid[len(valid) // 2 :],
    "a zero before the second half": lambda valid, _: (
        valid[: len(valid) // 2] + b"\0" + valid[len(valid) // 2 :]
    ),
    "empty": lambda *_: b"",
}


def _keys(algorithm: str) -> tuple[Any, Any]:
    """Return the key that signs and the key that verifies."""
    if algorithm in SYMMETRIC:
        return _SECRET, _SECRET
    private = key_for({"RS": "RS256", "PS": "RS256", "Ed": "EdDSA"}.get(algorithm[:2], algorithm))
    return private.private, private.private.public_key()


def _pyjwt_algorithm(algorithm: str) -> Any:
    return _PYJWT["EdDSA" if algorithm == "Ed25519" else algorithm]


@cache
def _valid_signature(algorithm: str) -> bytes:
    signature: bytes = _pyjwt_algorithm(algorithm).sign(_SIGNED, _keys(algorithm)[0])
    return signature


def _is_accepted(algorithm: str, signature: bytes, signed: bytes = _SIGNED) -> bool:
    return VERIFIERS[algorithm](_keys(algorithm)[1], signature, signed)


def test_every_supported_algorithm_has_a_verifier() -> None:
    """No other algorithm has one; `none` has none."""
    assert VERIFIERS.keys() == ASYMMETRIC | SYMMETRIC


@pytest.mark.parametrize("algorithm", _KNOWN_TO_PYJWT)
def test_signature_over_another_signing_input_is_rejected(algorithm: str) -> None:
    """The other input is longer, shorter, empty or in another case."""
    assert _is_accepted(algorithm, _valid_signature(algorithm))
    for other in (b"", _SIGNED + b".", _SIGNED[:-1], _SIGNED.swapcase()):
        assert not _is_accepted(algorithm, _valid_signature(algorithm), other)


def test_ecdsa_signature_without_a_leading_zero_byte_is_rejected() -> None:
    """Both halves have a fixed length, although the shorter one is the same number."""
    es256 = _pyjwt_algorithm("ES256")
    signed = (es256.sign(_SIGNED, _keys("ES256")[0]) for _ in range(10_000))
    padded = next(each for each in signed if each[32] == 0)
    assert _is_accepted("ES256", padded)
    assert not _is_accepted("ES256", padded[:32] + padded[33:])


@pytest.mark.parametrize("algorithm", _KNOWN_TO_PYJWT)
@BOUNDED
@example(mutation="a zero before the second half", at=0)
@given(mutation=st.sampled_from(sorted(_MUTATIONS)), at=st.integers(0, 4096))
def test_mutated_signature_is_accepted_only_if_pyjwt_accepts_it(
    algorithm: str, mutation: str, at: int
) -> None:
    """Both accept the unchanged signature and no other."""
    signature = _MUTATIONS[mutation](_valid_signature(algorithm), at)
    by_pyjwt = _pyjwt_algorithm(algorithm).verify(_SIGNED, _keys(algorithm)[1], signature)
    assert (
        _is_accepted(algorithm, signature) is by_pyjwt is (signature == _valid_signature(algorithm))
    )


@BOUNDED
@given(st.data())
def test_ecdsa_signature_is_written_in_the_der_of_cryptography(data: st.DataObject) -> None:
    """Leading zeros are dropped, and no number is negative."""
    size = data.draw(st.sampled_from([32, 48, 66]))
    numbers = st.integers(0, 256**size - 1) | st.integers(0, 300)
    r, s = data.draw(numbers), data.draw(numbers)
    signature = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    assert der_signature(signature) == encode_dss_signature(r, s)
