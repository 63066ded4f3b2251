"""Source: the values of a configuration, and the file and line or the variable of each."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

from oauth_guard.errors import ConfigurationError

__all__ = ["GUARDS", "PREFIX", "FromEnvironment", "KeyPath", "Source", "spell"]

PREFIX = "OAUTH_GUARD_"
GUARDS = "guards"

KeyPath: TypeAlias = tuple[str | int, ...]
"""The keys that lead to a value; a number is a position in a list."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


class Source:
    """The values of a configuration, each with its place.

    Attributes:
        values: The values as in the file, replaced by those of the environment.
        name: The name of the file, for errors; the prefix of the variables if there is none.

    Args:
        values: The values of the file.
        lines: The line of each key.
        name: The name of the file.
    """

    def __init__(self, values: dict[str, Any], lines: Mapping[KeyPath, int], name: str) -> None:
        self.values, self.name = values, name
        self._lines = lines
        self._variables: dict[KeyPath, str] = {}

    @classmethod
    def read(cls, path: str | Path | None, environ: Mapping[str, str]) -> Self:
        """Read the file at *path*, if there is one, and the variables of *environ*.

        Raises:
            ConfigurationError: The file can't be read or is no TOML, or a variable has no place.
        """
        if path is None:
            source = cls({}, {}, f"{PREFIX}*")
        else:
            text = _read_text(path)
            try:
                values = tomllib.loads(text)
            except tomllib.TOMLDecodeError as error:
                raise ConfigurationError(f"{path}: {error}") from None
            source = cls(values, _lines_of(text), str(path))
        for variable in sorted(environ):
            if variable.startswith(PREFIX):
                source._set(variable, environ[variable])
        return source

    def place(self, path: KeyPath) -> str:
        """Return where the value at *path* is: a variable, or a file and a line."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._variables:
                return self._variables[path[:end]]
            if path[:end] in self._lines:
                return f"{self.name}:{self._lines[path[:end]]}"
        return self.name

    def _set(self, variable: str, text: str) -> None:
        parts = variable.removeprefix(PREFIX).lower().split("__")
        path: KeyPath = tuple(int(part) if part.isdecimal() else part for part in parts)
        if parts[0] == GUARDS and len(parts) > 1:
            path = (GUARDS, self._prefix_named(parts[1], variable), *path[2:])
        values: Any = self.values
        for key, following in zip(path, (*path[1:], None), strict=True):
            inner: Any = [] if isinstance(following, int) else {}
            if following is None:
                inner = _parse(text)
                self._forget_other(values, path)
            if isinstance(key, int):
                if not isinstance(values, list) or key > len(values):
                    raise ConfigurationError(f"{variable}: the list has no position {key}.")
                if key == len(values):
                    values.append(inner)
                elif following is None:
                    values[key] = inner
            elif not isinstance(values, dict):
                raise ConfigurationError(f"{variable}: {spell(path[:-1])} is not a table.")
            elif following is None:
                values[key] = inner
            else:
                values.setdefault(key, inner)
            values = values[key]
        self._variables[path] = variable

    def _prefix_named(self, name: str, variable: str) -> str:
        """Return the path prefix of the guard that a variable calls *name*.

        Raises:
            ConfigurationError: There is none, or more than one.
        """
        tables = self.values.get(GUARDS)
        prefixes = [str(each) for each in tables] if isinstance(tables, Mapping) else []
        found = [each for each in prefixes if _name_of_prefix(each) == name]
        if len(found) != 1:
            known = ", ".join(f"{_name_of_prefix(each).upper()} ({each})" for each in prefixes)
            raise ConfigurationError(
                f"{variable}: {name.upper()} is the name of {len(found)} tables below {GUARDS}, "
                f"not of one. There are {known or 'none'}."
            )
        return found[0]

    def _forget_other(self, values: Any, path: KeyPath) -> None:
        """Remove the value of the file that the variable at *path* gives in its other form."""
        key = path[-1]
        if isinstance(values, dict) and isinstance(key, str):
            other = key.removesuffix("_file") if key.endswith("_file") else f"{key}_file"
            if (*path[:-1], other) not in self._variables:
                values.pop(other, None)


def spell(path: Sequence[str | int]) -> str:
    """Return *path* as text: `issuers[0].client`."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")


def _name_of_prefix(prefix: str) -> str:
    """Return how a variable names the guard of a path prefix: `api_v2` for `/api/v2`."""
    return _NOT_IN_NAMES.sub("_", prefix.lower()).strip("_")


def _parse(text: str) -> Any:
    """Return the value of a variable: JSON if it is a list or an object, else text."""
    if text.lstrip()[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError:
            return FromEnvironment(text)
    return FromEnvironment(text)


class FromEnvironment(str):
    """The text of a variable, which is read as a number or a truth value where one is meant."""

    __slots__ = ()


def _read_text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not encoded in UTF-8.") from None


def _lines_of(text: str) -> dict[KeyPath, int]:
    """Return the line of each key of a TOML document that is on a line of its own."""
    lines: dict[KeyPath, int] = {}
    lengths: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _enter(_parts(header[2]), lengths, is_list=header[1] == "[[")
            lines[table] = number
        elif key := _KEY.match(line):
            path = (*table, *_parts(key[1]))
            for end in range(len(table) + 1, len(path) + 1):
                lines.setdefault(path[:end], number)
    return lines


def _enter(names: Sequence[str], lengths: dict[KeyPath, int], *, is_list: bool) -> KeyPath:
    """Return the path of a header; below a list of tables it is in the last of them."""
    path: KeyPath = ()
    for position, name in enumerate(names, 1):
        path = (*path, name)
        if is_list and position == len(names):
            lengths[path] = lengths.get(path, 0) + 1
        if path in lengths:
            path = (*path, lengths[path] - 1)
    return path


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(dotted)]
