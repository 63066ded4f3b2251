"""Guard.from_config and OAuthGuardMiddleware.from_config."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.config import forward_auth_from_config, load_config
from oauth_guard.errors import ConfigurationError
from oauth_guard.forward_auth import ForwardAuth
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
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


POLICY = """
[policy_decision_point]
url = "https://pdp.test"
cache_for = 30
client = { client_id = "api", secret = "s3cret" }
[middleware]
rules.rules = [["GET /a", { scopes = ["read"], policy = "order" }]]
"""


def test_policy_decision_point_and_its_rules_are_configured(tmp_path: Path) -> None:
    """By the file and the environment; no secret is among the settings."""
    path = _write(tmp_path, GUARD + POLICY)
    environ = {"OAUTH_GUARD_POLICY_DECISION_POINT__URL": "https://other.test"}
    configuration = load_config(path, environ)
    point = configuration.objects["policy_decision_point"]
    assert isinstance(point, PolicyDecisionPoint)
    assert point.url == "https://other.test"
    assert Requirement.of("read", policy="order") in configuration.middleware["rules"].requirements
    assert "s3cret" not in repr(configuration.settings)
    assert isinstance(OAuthGuardMiddleware.from_config(_app, path, environ), OAuthGuardMiddleware)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("https://pdp.test", "http://pdp.test", "https URL"),
        ("cache_for = 30", "cache_for = 301", "cache_for="),
        ("cache_for = 30", "cache_fro = 30", "cache_for"),
        ('policy = "order"', 'policy = ""', "policy="),
        ("[policy_decision_point]", "[dpop]", "url"),
        ('client_id = "api"', 'kind = "secret post", client_id = "api"', "in a form"),
    ],
    ids=["http", "too long", "unknown key", "no name", "no decision point", "form"],
)
def test_wrong_policy_setting_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    """With a sentence."""
    path = _write(tmp_path, GUARD + POLICY.replace(old, new))
    with pytest.raises(ConfigurationError, match=words):
        OAuthGuardMiddleware.from_config(_app, path, {})


def test_rule_with_a_policy_needs_a_decision_point(tmp_path: Path) -> None:
    """When the middleware is built."""
    path = _write(tmp_path, GUARD + POLICY[POLICY.index("[middleware]") :])
    with pytest.raises(ConfigurationError, match="policy_decision_point="):
        OAuthGuardMiddleware.from_config(_app, path, {})


ADMIN = """
[guards."/admin"]
resource = "https://api.test/admin"

[[guards."/admin".issuers]]
issuer = "https://as.test"
audience = "admin"
"""


def test_middleware_has_a_guard_for_each_prefix(tmp_path: Path) -> None:
    """The settings at the top are those of the other paths."""
    path = _write(tmp_path, GUARD + ADMIN)
    middleware = OAuthGuardMiddleware.from_config(_app, path, {})
    found = {}
    for target in ("/", "/orders", "/admin", "/admin/users"):
        connection: dict[str, Any] = {"type": "http", "method": "GET", "headers": []}
        connection["path"] = target
        _, guard, _ = middleware.protection(connection)
        assert guard is not None
        found[target] = guard.resource
    top, admin = "https://api.test", "https://api.test/admin"
    assert found == {"/": top, "/orders": top, "/admin": admin, "/admin/users": admin}
    configuration = load_config(path, {})
    assert list(configuration.guards) == ["/", "/admin"]
    origins = {each.name: each.origin for each in configuration.settings}
    assert origins["guards./admin.resource"] == f"{path}:6"


def test_replacements_are_settings_of_each_guard(tmp_path: Path) -> None:
    """Those of the file and of the environment too."""
    path = _write(tmp_path, GUARD + ADMIN)
    found = load_config(path, {"OAUTH_GUARD_REALM": "b"}, replacements={"realm": "c"}).settings
    realms = {each.name: each.value for each in found if each.name.endswith("realm")}
    assert realms == {"realm": "c", "guards./admin.realm": "c"}


@pytest.mark.parametrize(
    ("prefix", "name"),
    [("/admin", "ADMIN"), ("/api/v2", "API_V2"), ("/a-b", "A_B"), ("/2026", "2026")],
)
def test_variable_replaces_a_value_of_the_guard_of_a_prefix(
    tmp_path: Path, prefix: str, name: str
) -> None:
    """It names the prefix as names of variables allow; the other guard keeps its value."""
    path = _write(tmp_path, GUARD + ADMIN.replace("/admin", prefix))
    variable = f"OAUTH_GUARD_GUARDS__{name}__RESOURCE"
    environ = {
        variable: "https://staging.test/x",
        f"OAUTH_GUARD_GUARDS__{name}__ISSUERS__0__AUDIENCE": "staging",
    }
    found = load_config(path, environ)
    resources = {each: guard.resource for each, guard in found.guards.items()}
    assert resources == {"/": "https://api.test", prefix: "https://staging.test/x"}
    assert found.guards[prefix].accepted_tokens == {("https://as.test", "staging")}
    origins = {each.name: each.origin for each in found.settings}
    assert origins[f"guards.{prefix}.resource"] == variable


def test_guard_of_a_prefix_may_be_in_the_environment_alone() -> None:
    """As JSON, whose values other variables replace."""
    table = {"resource": "https://api.test/admin", "issuers": [{"issuer": "https://as.test"}]}
    environ = {
        "OAUTH_GUARD_RESOURCE": "https://api.test",
        "OAUTH_GUARD_ISSUERS__0__ISSUER": "https://as.test",
        "OAUTH_GUARD_GUARDS": json.dumps({"/admin": table}),
        "OAUTH_GUARD_GUARDS__ADMIN__REALM": "staff",
    }
    found = load_config(None, environ)
    assert found.guards["/admin"].resource == "https://api.test/admin"
    assert "staff" in {each.value for each in found.settings}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (GUARD + ADMIN, "__ADMN__REALM: ADMN is the name of 0 tables below guards, not of one."),
        (GUARD + ADMIN, "There are ADMIN (/admin)."),
        (GUARD + '[guards."/admn"]\n[guards."/Admn"]\n', "ADMN is the name of 2 tables"),
        (GUARD, "There are none."),
        ('guards = "x"\n' + GUARD, "There are none."),
    ],
    ids=["mistyped", "known names", "ambiguous", "no guards", "no tables"],
)
def test_variable_below_guards_names_one_table(tmp_path: Path, settings: str, text: str) -> None:
    """The names that there are follow."""
    with pytest.raises(ConfigurationError) as raised:
        load_config(_write(tmp_path, settings), {"OAUTH_GUARD_GUARDS__ADMN__REALM": "a"})
    assert text in str(raised.value)


def test_one_guard_refuses_settings_of_others(tmp_path: Path) -> None:
    """Else their paths would have the guard of all others."""
    for text, build in (
        (GUARD + ADMIN, Guard.from_config),
        (GUARD + ADMIN + SERVICE, forward_auth_from_config),
    ):
        with pytest.raises(ConfigurationError, match=r"OAuthGuardMiddleware\.from_config"):
            build(_write(tmp_path, text), {})


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("/admin", "/", "oauth_guard.toml:5: guards has a table for each further prefix"),
        ("/admin", "admin", "oauth_guard.toml:5: guard= takes plain path prefixes"),
        ("/admin", "/a/../b", "guard= takes plain path prefixes"),
        ('"admin"\n', '"https://api.test"\n', "accept each other's tokens"),
        ("resource =", "resorce =", "oauth_guard.toml:6: resorce is no setting here"),
    ],
)
def test_wrong_guard_of_a_prefix_is_an_error(tmp_path: Path, old: str, new: str, text: str) -> None:
    """When the configuration is loaded, whatever uses it."""
    path = _write(tmp_path, GUARD + ADMIN.replace(old, new))
    with pytest.raises(ConfigurationError) as raised:
        load_config(path, {})
    assert text in str(raised.value)


def test_guards_that_are_no_tables_are_an_error(tmp_path: Path) -> None:
    """With the line."""
    for text in ('guards = "x"\n', 'guards = { "/a" = 1 }\n'):
        with pytest.raises(ConfigurationError, match=r"oauth_guard\.toml:1: guards"):
            load_config(_write(tmp_path, text + GUARD), {})
