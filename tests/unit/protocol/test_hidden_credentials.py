"""The application does not see what carried the credentials, and sees everything else."""

import pytest

from oauth_guard.protocol.hidden_credentials import HiddenCredentials
from oauth_guard.protocol.token_cookie import TokenCookie

_COOKIE = TokenCookie.of("t", "http://127.0.0.1")
_ALL = [
    (b"Authorization", b"Bearer a"),
    (b"DPoP", b"proof"),
    (b"x-token", b"a"),
    (b"cookie", b"t=a; session=b"),
    (b"accept", b"*/*"),
]


@pytest.mark.parametrize(
    ("hidden", "kept"),
    [
        pytest.param(HiddenCredentials(None, None), _ALL[2:], id="the standard fields"),
        pytest.param(
            HiddenCredentials("X-Token", None), [*_ALL[:2], *_ALL[3:]], id="a header of a proxy"
        ),
        pytest.param(
            HiddenCredentials(None, _COOKIE),
            [_ALL[2], (b"cookie", b"session=b"), _ALL[4]],
            id="a cookie, with the standard fields",
        ),
    ],
)
def test_only_credentials_are_removed(
    hidden: HiddenCredentials, kept: list[tuple[bytes, bytes]]
) -> None:
    """With `token_header=` the application has `Authorization` to itself."""
    assert hidden.without(_ALL) == kept


@pytest.mark.parametrize(
    ("credentials", "carrying"),
    [
        pytest.param(HiddenCredentials(None, None), _ALL[:2], id="the standard fields"),
        pytest.param(HiddenCredentials("X-Token", None), _ALL[2:3], id="a header of a proxy"),
        pytest.param(
            HiddenCredentials(None, _COOKIE), [*_ALL[:2], _ALL[3]], id="a cookie beside others"
        ),
    ],
)
def test_field_with_credentials_is_found(
    credentials: HiddenCredentials, carrying: list[tuple[bytes, bytes]]
) -> None:
    """A field with other cookies only carries none, however it is spelled."""
    fields = [*_ALL, (b"cookie", b"a=1;b=2")]
    assert list(filter(credentials.carry, fields)) == carrying
