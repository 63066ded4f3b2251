"""was_claimed(): a claim counts for the same proof, memory and connection, once."""

import pytest

from oauth_guard.possession.outer_claim import was_claimed
from oauth_guard.protocol.credentials import BearerMethods
from oauth_guard.protocol.request import REQUEST, ResourceRequest

MEMORY = object()


def read(proof: bytes = b"proof", outer: object = None) -> ResourceRequest:
    """Return a request with *proof*, read by a guard inside the one that read *outer*."""
    headers = [(b"authorization", b"DPoP token"), (b"dpop", proof)]
    request = ResourceRequest({"path": "/r", "headers": headers, REQUEST: outer})
    request.read_credentials(BearerMethods(dpop=True))
    return request


def claimed(proof: bytes = b"proof", outer: object = None) -> ResourceRequest:
    """Return such a request whose proof was claimed."""
    request = read(proof, outer)
    request.claimed_in = MEMORY
    return request


def test_claim_of_an_outer_guard_counts_once() -> None:
    """The second guard beside the first one further inside has none."""
    outer = claimed()
    assert was_claimed(read(outer=outer), MEMORY)
    assert not was_claimed(read(outer=outer), MEMORY)


def test_claim_passes_from_guard_to_guard() -> None:
    """Three guards on one connection: each counts for the next one."""
    second = read(outer=claimed())
    assert was_claimed(second, MEMORY)
    assert was_claimed(read(outer=second), MEMORY)


def test_claim_is_found_beyond_a_guard_without_one() -> None:
    """A guard without proofs, or with a memory of its own, may be in between."""
    assert was_claimed(read(outer=read(outer=claimed())), MEMORY)


@pytest.mark.parametrize(
    "outer",
    [
        pytest.param(None, id="no outer guard"),
        pytest.param("proof", id="not a request"),
        pytest.param(read(), id="not claimed"),
        pytest.param(claimed(b"other"), id="another proof"),
    ],
)
def test_nothing_else_counts(outer: object) -> None:
    """Only the claim of the same bytes."""
    assert not was_claimed(read(outer=outer), MEMORY)


def test_claim_in_another_memory_does_not_count() -> None:
    """Two guards with settings of DPoP of their own claim each proof both."""
    assert not was_claimed(read(outer=claimed()), object())


def test_request_with_other_credentials_has_no_outer_one() -> None:
    """So a token that is renewed needs a proof that was never claimed."""
    inner = read(outer=claimed()).with_credentials("token", "proof")
    inner.read_credentials(BearerMethods(dpop=True))
    assert not was_claimed(inner, MEMORY)
