"""python -m tests.tools.sbom: write sbom.cdx.json, the components that the package names."""

import json
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import oauth_guard

ROOT = Path(__file__).parents[2]
FILE = ROOT / "sbom.cdx.json"
NAME = "oauth-guard"
# What the tests and the demo need is no part of the package.
_NOT_SHIPPED = {"dev", "demo", "guide"}


def document() -> dict[str, Any]:
    """Return a CycloneDX 1.6 document: the package, and the libraries that it requires.

    A library has the range of versions that is accepted, since which one is installed is known
    only there. It has no time and no serial number, so that it is the same in each build.
    """
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    required = {_name(text): (text, "required") for text in project["dependencies"]}
    for extra, texts in project["optional-dependencies"].items():
        for text in () if extra in _NOT_SHIPPED else texts:
            if not text.startswith(NAME):
                required.setdefault(_name(text), (text, "optional"))
    package = f"pkg:pypi/{NAME}@{oauth_guard.__version__}"
    components = [_component(name, *about) for name, about in sorted(required.items())]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": package,
                "name": NAME,
                "version": oauth_guard.__version__,
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
                "purl": package,
            }
        },
        "components": components,
        "dependencies": [
            {"ref": package, "dependsOn": [each["bom-ref"] for each in components]},
            *({"ref": each["bom-ref"]} for each in components),
        ],
    }


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


def _component(name: str, requirement: str, scope: str) -> dict[str, Any]:
    parsed = Requirement(requirement)
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}",
        "name": name,
        "scope": scope,
        "purl": f"pkg:pypi/{name}",
        "properties": [{"name": "oauth_guard:versions", "value": str(parsed.specifier)}],
    }


def text() -> str:
    """Return the document as it is in the file."""
    return json.dumps(document(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
