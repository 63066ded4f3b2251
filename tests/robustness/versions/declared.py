"""supported_pythons(), requirements(), lowest(): what pyproject.toml declares about versions."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.requirements import Requirement

from tests.acceptance.documents import ROOT

__all__ = ["LIBRARY_EXTRAS", "TOOLS", "lowest", "requirements", "supported_pythons"]

#: The extras of the library. `demo` has dependencies of its own, `guide` and `dev` are for us.
LIBRARY_EXTRAS = (
    *("aiohttp", "cli", "django-rest-framework", "fastapi", "litestar", "mcp", "otel"),
    *("prometheus", "redis"),
)
#: The packages of `dev` that the core needs.
TOOLS = (
    *("httpx2", "hypothesis", "opentelemetry-sdk", "packaging", "pytest", "pytest-asyncio"),
    *("pytest-timeout", "trustme", "websockets"),
)
_OURS = "oauth-guard"
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")


def supported_pythons() -> list[str]:
    """Return the versions of Python that the classifiers name, such as `3.11`."""
    found = (_CLASSIFIER.fullmatch(each) for each in _project()["classifiers"])
    return [match[1] for match in found if match]


def requirements(extras: Iterable[str] = (), names: Iterable[str] | None = None) -> list[str]:
    """Return the requirements of the library with *extras*, as they are declared.

    With *names*, return only those of packages with these names.
    """
    project = _project()
    optional: Mapping[str, list[str]] = project["optional-dependencies"]
    listed = {*project["dependencies"]}
    for extra in extras:
        listed.update(_with_nested(extra, optional))
    wanted = None if names is None else {*names}
    return sorted(each for each in listed if wanted is None or Requirement(each).name in wanted)


def lowest(declared: Iterable[str]) -> list[str]:
    """Return each of the *declared* requirements with its lowest version alone.

    Raises:
        ValueError: A requirement has no lowest version.
    """
    return [_lowest(Requirement(each)) for each in declared]


def _lowest(requirement: Requirement) -> str:
    floors = [each.version for each in requirement.specifier if each.operator in {">=", "=="}]
    if len(floors) != 1:
        raise ValueError(f"{requirement} has no lowest version")
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras}=={floors[0]}{marker}"


def _with_nested(extra: str, optional: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the requirements of *extra*, and those of the extras that it names."""
    for each in optional[extra]:
        requirement = Requirement(each)
        if requirement.name != _OURS:
            yield each
        for nested in requirement.extras if requirement.name == _OURS else ():
            yield from _with_nested(nested, optional)


def _project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project
