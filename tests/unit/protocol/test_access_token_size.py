"""The size of an access token is close to the memory that it takes in a cache."""

import gc
import json
import tracemalloc
from typing import Any

import pytest

from oauth_guard.protocol.access_token import UnverifiedToken
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.identity import Identity

RULES = ClaimRules("https://as.example.com", required_claims=frozenset())
SHAPES: dict[str, dict[str, Any]] = {
    "few claims": {"sub": "u1", "scope": "read write", "exp": 1_800_000_000},
    "a long string": {"sub": "u1", "x": "x" * 10_000},
    "many scopes": {"scope": " ".join(f"scope{n}" for n in range(1000))},
    "many roles": {"roles": [f"role{n}" for n in range(1000)]},
    "many objects": {"x": [{"name": f"n{n}"} for n in range(500)]},
    "empty objects": {"x": [{}] * 500},
    "nested arrays": {"x": [[[n, [n]]] for n in range(1000, 1200)]},
    "many members": {f"claim{n}": n + 1000 for n in range(1000)},
}


@pytest.mark.parametrize("is_jwt", [True, False], ids=["JWT", "introspected"])
@pytest.mark.parametrize("claims", SHAPES.values(), ids=SHAPES)
def test_size_is_close_to_the_memory_that_a_token_takes(
    claims: dict[str, Any], is_jwt: bool
) -> None:
    """It is not below by half for any shape, nor above by fivefold."""
    texts = [json.dumps(claims)] * 20
    length = len(texts[0]) * 4 // 3 if is_jwt else None
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tokens = [UnverifiedToken(json.loads(text), RULES).verified(length) for text in texts]
    size = tokens[0].size
    kept = [Identity.from_token(token) for token in tokens]
    del tokens
    gc.collect()
    taken = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    assert taken / 2 < size < 5 * taken + 1500
