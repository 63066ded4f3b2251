"""Guard.from_config and OAuthGuardMiddleware.from_config."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.config import forward_auth_from_config, load_config
from oauth_guard.errors import ConfigurationError
from oauth_guard.forward_auth import ForwardAuth
from oauth_guard.protocol.requirement import Requirement

GUARD = 'resource = "https://api.test"\n[[issuers]]\nissuer = "https://as.test"\n'
RULES = """
[middleware]
public = ["/health"]
rules.rules = [["GET /a", { scopes = ["read"], users_only = true }], ["GET /b", {}]]
"""


def _write(folder: Path, text: str) -> str:
    path = folder / "oauth_guard.toml"
    path.write_text(text)
    return str(path)


async def _app(_scope: Any, _receive: Any, _send: Any) -> None: ...


def test_guard_is_built_from_a_file(tmp_path: Path) -> None:
    """Or from the environment alone."""
    guard = Guard.from_config(_write(tmp_path, GUARD), {"OAUTH_GUARD_REALM": "shop"})
    assert isinstance(guard, Guard)
    assert guard.resource == "https://api.test"
    environ = {
        "OAUTH_GUARD_RESOURCE": "https://other.test",
        "OAUTH_GUARD_ISSUERS__0__ISSUER": "https://as.test",
    }
    assert Guard.from_config(None, environ).resource == "https://other.test"


def test_guard_refuses_settings_of_the_middleware(tmp_path: Path) -> None:
    """Else the rules in the file would be in force nowhere."""
    with pytest.raises(ConfigurationError, match=r"OAuthGuardMiddleware\.from_config"):
        Guard.from_config(_write(tmp_path, GUARD + RULES), {})


SERVICE = """
[forward_auth]
proxy = "nginx"
secret = ["X-Proxy-Secret", "0123456789abcdef"]
rules.rules = [["GET /a", "read"]]
"""


def test_guard_and_middleware_refuse_settings_of_forward_auth(tmp_path: Path) -> None:
    """Its rules would be in force nowhere; nor does it apply those of the middleware."""
    path = _write(tmp_path, GUARD + SERVICE)
    assert isinstance(forward_auth_from_config(path, {}), ForwardAuth)
    for build in (Guard.from_config, partial(OAuthGuardMiddleware.from_config, _app)):
        with pytest.raises(ConfigurationError, match="forward-auth"):
            build(path, {})
    with pytest.raises(ConfigurationError, match="no table middleware"):
        forward_auth_from_config(_write(tmp_path, GUARD + RULES + SERVICE), {})


def test_middleware_is_built_from_a_file(tmp_path: Path) -> None:
    """With the guard and the rules of the file."""
    middleware = OAuthGuardMiddleware.from_config(_app, _write(tmp_path, GUARD + RULES), {})
    assert isinstance(middleware, OAuthGuardMiddleware)
    connection = {"type": "http", "method": "GET", "path": "/a", "root_path": "", "headers": []}
    is_public, guard, requirement = middleware.protection(connection)
    assert not is_public
    assert guard is not None
    assert requirement is not None
    assert requirement == Requirement.of("read", users_only=True)
    assert middleware.protection({**connection, "path": "/b"})[2] == Requirement()
    assert middleware.protection({**connection, "path": "/health"})[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[middleware]\npubic = []\n", ":5: .*Did you mean public?"),
        (
            '[middleware]\nrules.rules = [["GET /a", "x"], ["/A", "y"]]\n',
            ":5: .*'GET /a' and '/A', which are one path",
        ),
        ('[middleware]\npublic = ["health"]\n', ":4: "),
    ],
    ids=["typo", "shadowed rule", "pattern"],
)
def test_mistake_in_the_table_of_the_middleware_has_a_line(
    tmp_path: Path, text: str, expected: str
) -> None:
    """A rule that another one shadows is a mistake."""
    with pytest.raises(ConfigurationError, match=f"oauth_guard.toml{expected}"):
        OAuthGuardMiddleware.from_config(_app, _write(tmp_path, GUARD + text), {})


def test_loaded_configuration_says_whether_there_is_a_middleware(tmp_path: Path) -> None:
    """Its settings are listed after those of the guard."""
    configuration = load_config(_write(tmp_path, GUARD + RULES), {})
    assert configuration.has_middleware
    assert configuration.middleware["public"] == ["/health"]
    assert configuration.settings[-1].name.startswith("middleware.")
    assert not load_config(_write(tmp_path, GUARD), {}).has_middleware
