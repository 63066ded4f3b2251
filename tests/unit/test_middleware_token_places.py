"""A token that is not in `Authorization`: in a proxy's header, or in a cookie."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.standards.api import Api, bearer, plain
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers

_HEADER, _COOKIE = "X-Goog-IAP-JWT-Assertion", "__Host-access_token"
_BASIC: Headers = ((b"authorization", b"Basic dTpw"),)
_OWN: Headers = ((b"origin", b"https://api.example.com"),)  # as a page of the API sends it


@dataclass(frozen=True)
class Place:
    """Where a guard with *settings* reads a token, and the field that has a value there."""

    settings: Mapping[str, Any]
    field: Callable[[str], tuple[bytes, bytes]]

    def api(self) -> Api:
        """Return an API with such a guard."""
        return Api(app=plain, guard=self.settings)

    def sent(self, *values: str) -> Headers:
        """Return the header fields of a request with *values*."""
        return tuple(map(self.field, values))


PLACES = pytest.mark.parametrize(
    "place",
    [
        Place({"token_header": _HEADER}, lambda value: (_HEADER.encode(), value.encode())),
        Place(
            {"bearer_methods": ["header", "cookie"]},
            lambda value: (b"cookie", f"a=b; {_COOKIE}={value}; c=d".encode()),
        ),
    ],
    ids=["header", "cookie"],
)


@PLACES
async def test_token_is_read_from_its_place_and_cached(place: Place) -> None:
    """Until it expires."""
    api = place.api()
    sent = place.sent(api.token())
    for _ in range(2):
        response = await api.send("GET", "/r", sent)
        assert [identity.subject for identity in response.seen] == ["u1"]
    api.now += 301
    expect(await api.send("GET", "/r", sent), "401 invalid_token")


@PLACES
@pytest.mark.parametrize(
    ("values", "others", "outcome"),
    [
        ([], (), "401 none"),
        (["{}", "{}"], (), "400 invalid_request"),
        (["{}"], None, "400 invalid_request"),
        (["{}"], _BASIC, "400 invalid_request"),
        (["Bearer {}"], (), "400 invalid_request"),
        (['"{}"'], (), "400 invalid_request"),
        (["{}, {}"], (), "400 invalid_request"),
        ([""], (), "400 invalid_request"),
        (["a" * 16385], (), "400 invalid_request"),
        (["abc"], (), "401 invalid_token"),
    ],
    ids=[
        *("nothing", "two", "Authorization too", "another scheme too", "with a scheme"),
        *("quoted", "a list", "empty", "too long", "no token"),
    ],
)
async def test_one_credential_in_all_is_accepted(
    place: Place, values: list[str], others: Headers | None, outcome: str
) -> None:
    """Without a scheme; over WebSocket alike. *others* is None for the same token as a bearer."""
    api = place.api()
    token = api.token()
    more = bearer(token) if others is None else others
    sent = (*place.sent(*(each.format(token, token) for each in values)), *more, *_OWN)
    expect(await api.send("GET", "/r", sent), outcome)
    expect(await api.connect("/r", sent), outcome)


@PLACES
@pytest.mark.conformance("6750-26")
async def test_place_is_not_read_unless_it_is_configured(place: Place) -> None:
    """A client or a page could set it."""
    api = Api(app=plain)
    expect(await api.send("GET", "/r", place.sent(api.token())), "401 none")
