"""The tour: it goes all the way, tells what travels, and keeps every secret."""

import re

import pytest

from demo_api.cast import credentials_document
from demo_api.clients import main
from demo_api.transcript import shorten


def test_the_tour_goes_all_the_way(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both flows in four steps, then the four refusals, and a good end."""
    assert main(["--origin", origin]) == 0
    told = capsys.readouterr().out
    assert re.findall(r"^\d  (\w+)", told, re.MULTILINE) == [
        *("Ask", "Consent", "Token", "Resource"),
        *("Ask", "Consent", "Token", "Resource"),
        *("No", "Expired", "Scope", "Another"),
    ]
    answers = re.findall(r"client ← (\d+)", told)
    assert answers[-5:] == ["401", "200", "401", "403", "404"]
    assert "reason: expired" in told
    assert 'scope="write"' in told


def test_the_tour_keeps_secrets(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No password, no client secret, and nothing as long as a token is told."""
    main(["--origin", f"{origin}/"])
    told = capsys.readouterr().out
    document = credentials_document(origin)
    secrets = [
        *(one["password"] for one in document["resource_owners"].values()),
        *(one["password"] for one in document["service_accounts"].values()),
        *(one["client_secret"] for one in document["clients"].values() if one["client_secret"]),
    ]
    assert not [one for one in secrets if one in told]
    assert "eyJ0eX…" in told
    assert not re.search(r"eyJ[\w.-]{20}", told)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9", "nonsense", "http://127.0.0.1:x"])
def test_where_nobody_answers_it_says_what_to_type(
    origin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and a bad end."""
    assert main(["--origin", origin]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "sh demo_api/run" in told.err


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("eyJ0eXAiOiJhdCtqd3Q", "eyJ0eX…"), ("secret", "se…"), ("ab", "…"), ("", "…")],
)
def test_a_shortened_secret_is_of_no_use(secret: str, shown: str) -> None:
    """At most a third is left."""
    assert shorten(secret) == shown
