"""The SBOM is current, and has what CycloneDX requires."""

import json

from oauth_guard import __version__
from tests.tools.sbom import FILE, document, text


def test_file_is_what_the_command_writes() -> None:
    """`python -m tests.tools.sbom` writes it, after a change of pyproject.toml."""
    assert FILE.read_text(encoding="utf-8") == text()


def test_each_component_has_a_reference_of_its_own_and_is_depended_on() -> None:
    """As the schema of CycloneDX 1.6 requires."""
    found = document()
    references = [each["bom-ref"] for each in found["components"]]
    assert len(references) == len(set(references))
    about, *others = found["dependencies"]
    assert about["ref"] == f"pkg:pypi/oauth-guard@{__version__}"
    assert about["dependsOn"] == references == [each["ref"] for each in others]


def test_scope_says_whether_a_library_is_always_installed() -> None:
    """Libraries of the tests and of the demo are not part of the package."""
    scopes = {each["name"]: each["scope"] for each in document()["components"]}
    assert scopes["cryptography"] == "required"
    assert scopes["redis"] == "optional"
    assert not {"pytest", "sqlalchemy", "oauth-guard"} & scopes.keys()
    assert json.loads(text()) == document()
