"""The tour: it completes, prints the requests and responses, and shortens every secret."""

import re

import pytest

from demo_api.accounts import credentials_document
from demo_api.clients import main
from demo_api.tour_output import shorten


def test_tour_of_a_running_demo_completes(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints both flows in four steps, five rejections and a stolen token; it returns 0."""
    assert main(["--origin", origin]) == 0
    printed = capsys.readouterr().out
    assert re.findall(r"^\d  (\w+)", printed, re.MULTILINE) == [
        *("Request", "Consent", "Token", "Resource"),
        *("Request", "Consent", "Token", "Resource"),
        *("No", "Expired", "Scope", "Hidden", "Recent"),
        *("Bound", "Nonce", "Owner", "Replay", "Thief"),
    ]
    responses = re.findall(r"client ← (\d+)", printed)
    assert responses[-13:-6] == ["401", "200", "401", "403", "404", "200", "401"]
    assert responses[-6:] == ["200", "401", "200", "401", "401", "401"]
    assert "reason: expired" in printed
    assert 'scope="write"' in printed
    assert 'error="insufficient_user_authentication"' in printed


def test_tour_prints_no_secret_or_whole_token(
    origin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Passwords, client secrets and tokens are shortened."""
    main(["--origin", f"{origin}/"])
    printed = capsys.readouterr().out
    document = credentials_document(origin)
    secrets = [
        *(one["password"] for one in document["resource_owners"].values()),
        *(one["password"] for one in document["service_accounts"].values()),
        *(one["client_secret"] for one in document["clients"].values() if one["client_secret"]),
    ]
    assert not [one for one in secrets if one in printed]
    assert "eyJ0eX…" in printed
    assert not re.search(r"eyJ[\w.-]{20}", printed)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9", "nonsense", "http://127.0.0.1:x"])
def test_tour_without_a_server_prints_how_to_start_the_demo(
    origin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints one line and returns 1."""
    assert main(["--origin", origin]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "sh demo_api/run" in printed.err


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("eyJ0eXAiOiJhdCtqd3Q", "eyJ0eX…"), ("secret", "se…"), ("ab", "…"), ("", "…")],
)
def test_shortened_secret_keeps_a_third_at_most(secret: str, shown: str) -> None:
    """The rest is replaced by an ellipsis."""
    assert shorten(secret) == shown
