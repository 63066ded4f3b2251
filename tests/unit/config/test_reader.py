"""Reader: tables become objects, and mistakes become sentences with a place."""

from pathlib import Path
from typing import Any

import pytest

from oauth_guard import JWTIssuer
from oauth_guard.config.kinds import GUARD
from oauth_guard.config.reader import Reader
from oauth_guard.config.source import Source
from oauth_guard.errors import ConfigurationError

HEAD = 'resource = "https://api.test"\n'
ISSUER = '[[issuers]]\nissuer = "https://as.test"\n'
OPAQUE = '[[issuers]]\nkind = "introspection"\nissuer = "https://as.test"\n'

own_issuer = JWTIssuer("https://own.test")


def find_key(_key_hash: str) -> None:
    """Return no API key."""


def _build(folder: Path, text: str, **environ: str) -> tuple[Any, Reader]:
    path = folder / "guard.toml"
    path.write_text(text)
    names = {f"OAUTH_GUARD_{name}": value for name, value in environ.items()}
    source = Source.read(path, names)
    reader = Reader(source)
    return reader.build(GUARD, source.values), reader


COMPLETE = f"""
resource = "https://api.test"
scopes_supported = ["orders:read"]
scope_implies = {{ files = ["files:read"] }}
max_token_lifetime = 3600
{ISSUER}
leeway = 10.5
claims = {{ tenant = "acme" }}
jwks_cache = {{ max_age = 300 }}
role_claims = ["roles", ["realm_access", "roles"], {{ path = "groups" }}]
introspection.kind = "introspection"
introspection.issuer = "https://as.test"
introspection.client = {{ client_id = "a", secret = "b" }}

{OPAQUE.replace("as.test", "opaque.test")}
token_format = ["sk_", {{ minimum = 5, maximum = 20 }}]
client = {{ kind = "secret post", client_id = "api", secret = "s3cret" }}

[[issuers]]
kind = "keycloak"
realm_url = "https://sso.test/realms/acme"

[[issuers]]
kind = "api keys"
name = "api-keys"
prefix = "sk_live_"
lookup.import = "tests.unit.config.test_reader:find_key"

[[issuers]]
import = "tests.unit.config.test_reader:own_issuer"

[store]
kind = "memory"

[deny_list]
keep_for = 3600

[dpop]
nonces = {{ key = ["{"a" * 32}", "{"b" * 32}"] }}

[certificates]
kind = "forwarded"
written_as = "escaped-pem"
secret = ["X-Proxy-Secret", "0123456789abcdef"]
"""


def test_file_configures_every_part_of_a_guard(tmp_path: Path) -> None:
    """Issuers of all kinds, presets, own objects, stores, proofs and secrets."""
    guard, reader = _build(tmp_path, COMPLETE)
    assert {name for name, _ in guard.accepted_tokens} == {
        "api-keys",
        *("https://as.test", "https://opaque.test", "https://own.test"),
        "https://sso.test/realms/acme",
    }
    assert guard.deny_list is not None
    assert guard.hidden_fields == {b"x-ssl-client-cert", b"client-cert-chain", b"x-proxy-secret"}
    values = {each.name: each for each in reader.settings}
    assert values["issuers[0].leeway"].value == 10.5
    assert values["issuers[0].leeway"].origin.endswith("guard.toml:9")
    assert values["require_https"].origin == "default"
    assert not {"s3cret", "a" * 32, "0123456789abcdef"} & set(repr(reader.settings).split("'"))


def test_secret_is_in_no_setting_and_no_default(tmp_path: Path) -> None:
    """It is marked, and its value is not kept."""
    _, reader = _build(tmp_path, COMPLETE)
    secrets = [each for each in reader.settings if each.is_secret]
    assert {each.name for each in secrets} == {
        "issuers[0].introspection.client.secret",
        *("issuers[1].client.secret", "dpop.nonces.key", "certificates.secret"),
    }
    assert {each.value for each in secrets} == {None}


def test_variable_has_the_type_of_its_setting(tmp_path: Path) -> None:
    """And its name is the origin."""
    guard, reader = _build(
        tmp_path,
        HEAD + ISSUER,
        REQUIRE_HTTPS="true",
        BEARER_METHODS="header, query",
        ISSUERS__0__AUDIENCE='["a", "b"]',
        MAX_TOKEN_LIFETIME="60.5",
    )
    assert guard.bearer_methods.require_https
    assert guard.bearer_methods.query
    assert {audience for _, audience in guard.accepted_tokens} == {"a", "b"}
    origins = {each.name: each.origin for each in reader.settings}
    assert origins["require_https"] == "OAUTH_GUARD_REQUIRE_HTTPS"


def test_secret_of_a_file_is_read(tmp_path: Path) -> None:
    """As text or as bytes, one or several."""
    secret = tmp_path / "key"
    secret.write_text("k" * 32 + "\n")
    secret.chmod(0o600)
    _build(tmp_path, f'{HEAD}{ISSUER}[dpop]\nnonces.key_file = ["{secret}", "{secret}"]\n')
    guard, _ = _build(
        tmp_path, f'{HEAD}{OPAQUE}[issuers.client]\nclient_id = "a"\nsecret_file = "{secret}"\n'
    )
    assert guard.resource == "https://api.test"
    pair = f'secret_file = ["X-Proxy-Secret", "{secret}"]'
    text = f'{HEAD}{ISSUER}[certificates]\nkind = "forwarded"\nwritten_as = "xfcc"\n{pair}\n'
    guard, _ = _build(tmp_path, text)
    assert b"x-proxy-secret" in guard.hidden_fields


MISTAKES = [
    ("requir_https = true\n" + HEAD + ISSUER, ":1: .*Did you mean require_https?"),
    (HEAD + "xyz = 1\n" + ISSUER, ":2: xyz is no setting here. There are resource"),
    (HEAD + "require_https = 1\n" + ISSUER, ":2: require_https takes true or false, not a whole"),
    (HEAD + 'require_https = "yes"\n' + ISSUER, ":2: .* not a string"),
    (HEAD + "start = 'never'\n" + ISSUER, ":2: start takes 'background' or 'wait' or"),
    (
        HEAD + "bearer_methods = [1]\n" + ISSUER,
        ":2: bearer_methods takes a list of elements that are a string, not this list",
    ),
    (HEAD + "realm = {}\n" + ISSUER, ":2: realm takes a string, not a table"),
    (HEAD + "max_token_lifetime = true\n" + ISSUER, ":2: .* takes a number, not true or false"),
    (HEAD + "store = 1.5\n" + ISSUER, ":2: store takes a table, not a number"),
    (
        HEAD + "observers = 'x'\n" + ISSUER,
        r":2: observers takes a list of elements that are { import",
    ),
    (HEAD + ISSUER + "http = 'x'\n", ":4: issuers.0..http takes a table"),
    (HEAD + ISSUER + "executor = 'x'\n", r':4: .*executor takes { import = "module:name" }'),
    (
        HEAD + "issuers = [1]\n",
        ":2: issuers takes a list of elements that are a table, not this list",
    ),
    (HEAD, "toml: issuers is missing"),
    (HEAD + "[[issuers]]\nleeway = 3\n", ":2: issuers.0..issuer is missing"),
    (HEAD + ISSUER + "audience = ''\n", ":2: audience= is empty"),
    (HEAD + "[[issuers]]\nkind = 'keycloack'\n", ":3: kind is one of .* Did you mean 'keycloak'"),
    (HEAD + "[[issuers]]\nkind = 'x'\n", ":3: kind is one of 'jwt', "),
    (HEAD + "[[issuers]]\nimport = 'a.missing:x'\n", ":2: 'a.missing:x' can't be imported"),
    (HEAD + ISSUER + "secret_file = 1\n", ":4: secret_file takes the path of a file"),
    (HEAD + ISSUER + "secret_file = '/missing'\n", ":4: the file /missing can't be read"),
    (HEAD + ISSUER + "secret = 'a'\nsecret_file = 'b'\n", ":5: there are both secret and"),
    (HEAD + ISSUER + ISSUER, "toml: .*https://as.test"),
    (HEAD + ISSUER + "role_claims = [['a', 1]]\n", ":4: issuers.0..role_claims takes a list"),
    (
        HEAD + ISSUER + "[certificates]\nkind='forwarded'\nwritten_as='xfcc'\nsecret=['a']\n",
        ":7: certificates.secret takes a list",
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, expected: str) -> None:
    """An unknown key has the nearest known one; a wrong type has the right one."""
    with pytest.raises(ConfigurationError, match=expected) as error:
        _build(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path}/guard.toml")


def test_mistake_in_a_variable_is_named_with_the_variable(tmp_path: Path) -> None:
    """An unknown one has the nearest known setting too."""
    for name, value, text in (
        ("REQUIRE_HTTPS", "yes", "takes true or false"),
        ("REALMM", "x", "Did you mean realm?"),
        ("ISSUERS__0__ISUER", "x", "Did you mean issuer?"),
    ):
        with pytest.raises(ConfigurationError, match=f"^OAUTH_GUARD_{name}: .*{text}"):
            _build(tmp_path, HEAD + ISSUER, **{name: value})


def test_table_in_place_of_a_value_is_an_error(tmp_path: Path) -> None:
    """And a value in place of the table of an object."""
    path = tmp_path / "guard.toml"
    path.write_text("")
    reader = Reader(Source.read(path, {}))
    with pytest.raises(ConfigurationError, match="middleware is a table with resource"):
        reader.build(GUARD, 1, ("middleware",))


@pytest.mark.parametrize("secret", ["s3cret\x00", "short"])
def test_no_secret_is_in_an_error(tmp_path: Path, secret: str) -> None:
    """Of whatever kind the mistake is."""
    text = f'{HEAD}{ISSUER}[dpop]\nnonces.key = ["{secret.encode().hex()}", 7]\n'
    with pytest.raises(ConfigurationError) as error:
        _build(tmp_path, text)
    assert secret.encode().hex() not in str(error.value)
