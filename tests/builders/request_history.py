"""RequestHistory: random requests with known decisions, to compare what observers count."""

import random
from collections import Counter
from collections.abc import Iterable

from oauth_guard.protocol.events import Observer
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, bearer
from tests.acceptance.standards.recorded_response import Headers

Labels = tuple[str, str, str, str, str, str]
"""Resource, outcome, reason, status, issuer and method; without a value empty."""

_VALID = (RESOURCE, "authenticated", "", "", ISSUER)
_AUTHORIZED = (RESOURCE, "authorized", "", "", ISSUER, "")


class RequestHistory:
    """Sends random requests to an API, and counts the decisions that they must lead to.

    Args:
        observers: What observes the guard of the API.
        seed: Of the random numbers.

    Attributes:
        api: The API.
        expected: How many decisions with these labels there must be.
        authentications: How many requests were authenticated.
    """

    def __init__(self, observers: Iterable[Observer], seed: int = 0) -> None:
        self.api = Api(guard={"observers": list(observers)})
        self._random = random.Random(seed)  # noqa: S311 - the same numbers in each run
        self.expected: Counter[Labels] = Counter()
        self.authentications = 0

    async def send(self, requests: int) -> None:
        """Send as many requests, one after another."""
        api = self.api
        tokens = {
            "reader": api.token(),
            "writer": api.token(scope="write", jti="j2"),
            "expired": api.token(exp=1, jti="j3"),
        }
        for _ in range(requests):
            kind = self._random.choice(["reader", "writer", "expired", "junk", "none", "twice"])
            method, target = self._random.choice([("GET", "/r"), ("POST", "/w"), ("BREW", "/r")])
            await api.send(method, target, _headers(kind, tokens.get(kind, "a.b.c")))
            self._expect(kind, method, target)

    def _expect(self, kind: str, method: str, target: str) -> None:
        method = "other" if method == "BREW" else method
        rejections = {
            "expired": ("expired", "401"),
            "junk": ("malformed_token", "401"),
            "none": ("no_credentials", "401"),
            "twice": ("several_credentials", "400"),
        }
        if kind in rejections:
            reason, status = rejections[kind]
            self.expected[RESOURCE, "rejected", reason, status, "", method] += 1
            return
        self.authentications += 1
        self.expected[*_VALID, method] += 1
        if target == "/w" and kind == "writer":
            self.expected[_AUTHORIZED] += 1
        elif target == "/w":
            self.expected[RESOURCE, "rejected", "insufficient_scope", "403", "", method] += 1


def _headers(kind: str, token: str) -> Headers:
    if kind == "none":
        return ()
    return (*bearer(token), *bearer(token)) if kind == "twice" else bearer(token)
