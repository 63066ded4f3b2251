"""IssuerRouter: the `iss` of a token selects a trusted issuer, and never adds one."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard, JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer
from tests.builders.jwt_issuer import refuse_connection, wait_for_background_tasks

LOCALS = [LocalIssuer("https://a.example"), LocalIssuer("https://b.example")]


def issuers() -> list[JWTIssuer]:
    """Return two issuers."""
    return [JWTIssuer(local.issuer, http=local.http) for local in LOCALS]


async def test_token_is_validated_by_the_issuer_that_it_names() -> None:
    """Each of two trusted issuers accepts its own tokens."""
    router = IssuerRouter(issuers())
    for local in LOCALS:
        token = (await router.validate(RawToken(local.token()))).token
        assert token.issuer == local.issuer
    assert router.names == ("https://a.example", "https://b.example")


async def test_issuer_accepts_no_token_that_names_another() -> None:
    """A token that one signed and that names the other is rejected."""
    a, b = LOCALS
    with pytest.raises(InvalidToken, match=Reason.BAD_SIGNATURE):
        await IssuerRouter(issuers()).validate(RawToken(a.token(iss=b.issuer)))


@pytest.mark.parametrize(("named", "known"), [(LOCALS[0], True), (LOCALS[1], False)])
async def test_only_the_header_of_a_valid_token_is_cached(named: LocalIssuer, known: bool) -> None:
    """The header of a forged token is parsed each time, and takes no memory."""
    router = IssuerRouter(issuers())
    tokens = [RawToken(LOCALS[0].token(iss=named.issuer)) for _ in range(2)]
    for token in tokens:
        with nullcontext() if known else pytest.raises(InvalidToken):
            await router.validate(token)
    assert tokens[1].parse().header.is_cached is known


@pytest.mark.parametrize(
    "name",
    [
        None,
        "https://c.example",
        "https://a.example/",
        "HTTPS://a.example",
        5,
        True,
        ["https://a.example"],
        {"https://a.example": 1},
    ],
)
async def test_token_of_an_unknown_issuer_is_rejected_without_a_request(name: Any) -> None:
    """Identifiers are compared code point by code point."""
    local = LocalIssuer("https://a.example")
    router = IssuerRouter([JWTIssuer(local.issuer, http=local.http)])
    with pytest.raises(InvalidToken, match=Reason.UNKNOWN_ISSUER):
        await router.validate(RawToken(local.token(iss=name)))
    assert not local.requests


async def test_router_is_ready_if_all_issuers_are() -> None:
    """Tokens of an issuer that is not ready would have to wait."""
    ready, cold = issuers()
    ready.start()
    await wait_for_background_tasks()
    assert IssuerRouter([ready]).ready
    assert not IssuerRouter([ready, cold]).ready


async def test_start_starts_all_issuers() -> None:
    """Each starts to fetch what it needs."""
    router = IssuerRouter(issuers())
    router.start()
    await wait_for_background_tasks()
    assert router.ready


async def test_load_waits_for_all_issuers() -> None:
    """After that all are ready."""
    router = IssuerRouter(issuers())
    await router.load()
    assert router.ready


class Late(JWTIssuer):
    """An issuer that fetches nothing before `load`."""

    def start(self) -> None:
        """Do nothing yet."""


async def test_load_waits_for_the_others_if_one_is_unavailable() -> None:
    """The outage is raised after all others are ready."""
    down = LocalIssuer("https://c.example")
    down.outage = refuse_connection
    others = [Late(local.issuer, http=local.http) for local in LOCALS]
    router = IssuerRouter([JWTIssuer(down.issuer, http=down.http), *others])
    with pytest.raises(IssuerUnavailable) as caught:
        await router.load()
    assert (caught.value.issuer, caught.value.reason) == (down.issuer, Reason.UNREACHABLE)
    assert IssuerRouter(others).ready


class Stubborn(JWTIssuer):
    """An issuer that can't be closed."""

    async def aclose(self) -> None:
        """Fail."""
        raise OSError("stuck")


class Recording(JWTIssuer):
    """An issuer that records whether it was closed."""

    closed = False

    async def aclose(self) -> None:
        """Record the call."""
        self.closed = True


async def test_close_closes_all_issuers_even_if_one_fails() -> None:
    """The failure is raised after all others are closed."""
    first, last = Recording("https://a.example"), Recording("https://c.example")
    with pytest.raises(OSError, match="stuck"):
        await IssuerRouter([first, Stubborn("https://b.example"), last]).aclose()
    assert (first.closed, last.closed) == (True, True)


def test_empty_list_of_issuers_is_rejected() -> None:
    """Such a guard would accept no token."""
    with pytest.raises(
        ConfigurationError, match=r"issuers is empty: list at least one, \[JWTIssuer\("
    ):
        IssuerRouter([])


@pytest.mark.parametrize(
    ("issuers", "message"),
    [
        pytest.param("https://a.example", r"is a list of issuers: \[JWTIssuer\(", id="a string"),
        pytest.param(issuers()[0], r"is a list of issuers: \[JWTIssuer\(", id="an issuer"),
        pytest.param(None, r"is a list of issuers: \[JWTIssuer\(", id="nothing"),
        pytest.param(
            ["https://a.example"], r"contains 'https://a\.example', which is", id="strings"
        ),
        pytest.param([issuers()], "contains .*, which is no issuer", id="a list in a list"),
    ],
)
def test_setting_that_is_no_list_of_issuers_is_rejected(issuers: Any, message: str) -> None:
    """A mistake is reported when the guard is built."""
    with pytest.raises(ConfigurationError, match=message):
        IssuerRouter(issuers)


def test_issuer_that_is_listed_twice_is_rejected() -> None:
    """It would be unclear which of the two entries counts."""
    with pytest.raises(ConfigurationError, match=r"lists https://a\.example twice: list it once"):
        IssuerRouter([*issuers(), *issuers()])


class WithoutCache:
    """An issuer of a user that was written without the member `cache`."""

    issuer, ready = "https://a.example", True
    accepts_opaque = accepts_unnamed_jwts = can_introspect = False

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Reject each token."""
        del token, introspect
        raise InvalidToken(Reason.INACTIVE)

    def start(self) -> None:
        """Do nothing."""

    async def load(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""


def test_issuer_without_a_member_is_rejected_with_the_name_of_the_member() -> None:
    """It is rejected when the guard is built, not when the first token arrives."""
    incomplete: Any = WithoutCache()
    with pytest.raises(ConfigurationError, match="a WithoutCache without `cache`: an issuer has"):
        IssuerRouter([incomplete])
    with pytest.raises(ConfigurationError, match="a WithoutCache without `cache`: an issuer has"):
        Guard("https://api.test", [incomplete])
    incomplete.cache = None
    assert IssuerRouter([incomplete]).ready


@pytest.mark.parametrize("step", ["start", "load", "validate"])
def test_router_without_asyncio_raises_configuration_error(step: str) -> None:
    """Under trio a coroutine runs without an event loop of asyncio."""
    router = IssuerRouter([JWTIssuer("https://as.example.com")])
    steps: dict[str, Callable[[], Any]] = {
        "start": router.start,
        "load": lambda: router.load().send(None),
        "validate": lambda: router.validate(RawToken("a.b.c")).send(None),
    }
    with pytest.raises(ConfigurationError, match="oauth_guard runs on asyncio"):
        steps[step]()
