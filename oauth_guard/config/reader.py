"""Reader: builds objects from the tables of a configuration, each value checked by its type."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, get_args, get_origin

from oauth_guard.config.kinds import builder
from oauth_guard.config.parameters import FILE, Parameter, alternatives, kinds_of, parameters_of
from oauth_guard.config.plain_values import NO_MATCH, read_plain
from oauth_guard.config.secret_file import read_secret
from oauth_guard.config.source import FromEnvironment, KeyPath, Source, spell
from oauth_guard.errors import ConfigurationError

__all__ = ["IMPORT", "KIND", "Reader", "Setting"]

KIND, IMPORT, _DEFAULT = "kind", "import", "default"
_LISTS = (Iterable, Sequence, Collection, tuple, frozenset)
_NAMES = {str: "a string", bytes: "a string", int: "a whole number", bool: "true or false"}


class Setting(NamedTuple):
    """A setting in force.

    Attributes:
        name: Its place among the settings: `issuers[0].audience`.
        value: Its value; None for the default of a secret or object, and for a secret.
        origin: The variable, or file and line; `default` if it is in neither.
        is_secret: Whether its value is a secret.
    """

    name: str
    value: Any
    origin: str
    is_secret: bool


class Reader:
    """Builds objects from the tables of *source*, and notes each setting.

    Attributes:
        settings: What was read, in order, with the defaults of what was left out.
        objects: What was built or imported, by its place among the settings.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.settings: list[Setting] = []
        self.objects: dict[str, Any] = {}

    @property
    def tables(self) -> Mapping[str, Any]:
        """The values at the top of the source."""
        return self._source.values

    def build(self, target: str, table: Any, path: KeyPath = (), *bound: Any) -> Any:
        """Return the object that *target* builds from *table*, which is at *path*.

        Args:
            target: `module:name` of a class or function.
            table: Its settings by name.
            path: Where the table is.
            bound: Arguments before the settings, which are in no file.

        Raises:
            ConfigurationError: A setting is unknown, missing or wrong. The text begins with its
                variable, or with file and line.
        """
        arguments, positional = self.read_table(target, table, path)
        try:
            built = builder(target)(*bound, *positional, **arguments)
        except (ConfigurationError, TypeError) as error:
            raise self._error(path, str(error)) from None
        self.objects[spell(path)] = built
        return built

    def read_table(
        self, target: str, table: Any, path: KeyPath
    ) -> tuple[dict[str, Any], Sequence[Any]]:
        """Return the arguments of *target* that are in *table*: by name, and by position."""
        known = parameters_of(builder(target))
        if not isinstance(table, Mapping):
            raise self._error(path, f"{spell(path)} is a table with {', '.join(known)}.")
        arguments: dict[str, Any] = {}
        positional: Sequence[Any] = ()
        for key, value in table.items():
            place = (*path, key)
            name, parameter = self._parameter(key, known, place)
            if name in arguments:
                raise self._error(place, f"there are both {name} and {name}{FILE}: write one.")
            given = value if key == name else self._from_file(value, place, parameter.kind)
            arguments[name] = self._read(parameter.kind, given, place, parameter)
            if parameter.is_positional:
                positional = arguments.pop(name)
        self._add_defaults(known, arguments, path, has_positional=bool(positional))
        return arguments, positional

    def _parameter(
        self, key: str, known: Mapping[str, Parameter], path: KeyPath
    ) -> tuple[str, Parameter]:
        if key in known:
            return key, known[key]
        name = key.removesuffix(FILE)
        if name in known and known[name].is_secret:
            return name, known[name]
        names = [*known, *(f"{each}{FILE}" for each in known if known[each].is_secret)]
        similar = get_close_matches(key, names, n=1)
        question = f" Did you mean {similar[0]}?" if similar else ""
        raise self._error(
            path, f"{key} is no setting here.{question} There are {', '.join(names)}."
        )

    def _from_file(self, value: Any, path: KeyPath, kind: Any) -> Any:
        """Return the secret in the file that *value* names, or those in a list of files.

        Of the name of a header field and a secret, only the secret is in a file.
        """
        if isinstance(value, list):
            is_pair = any(get_origin(each) is tuple for each in alternatives(kind))
            names, files = (value[:1], value[1:]) if is_pair else ([], value)
            return [*names, *(self._from_file(each, path, kind) for each in files)]
        if not isinstance(value, str):
            raise self._error(path, f"{path[-1]} takes the path of a file.")
        try:
            return read_secret(value)
        except ConfigurationError as error:
            raise self._error(path, str(error)) from None

    def _add_defaults(
        self,
        known: Mapping[str, Parameter],
        arguments: Mapping[str, Any],
        path: KeyPath,
        *,
        has_positional: bool,
    ) -> None:
        for name, parameter in known.items():
            if name in arguments or (parameter.is_positional and has_positional):
                continue
            if parameter.is_required:
                raise self._error(path, f"{spell((*path, name))} is missing.")
            shown = parameter.default
            plain = shown is None or isinstance(shown, bool | int | float | str | tuple)
            self._note((*path, name), shown if plain else repr(shown), parameter, _DEFAULT)

    def _read(self, kind: Any, value: Any, path: KeyPath, parameter: Parameter) -> Any:
        allowed = alternatives(kind)
        if isinstance(value, Mapping) and not _takes_mapping(allowed, value):
            return self._object(allowed, value, path)
        if _is_list_of_objects(allowed, value):
            return [
                self._read(_item(allowed), each, (*path, position), parameter)
                for position, each in enumerate(value)
            ]
        for each in allowed:
            if (read := self._match(each, value, path, parameter)) is not NO_MATCH:
                self._note(path, _plain(value), parameter, self._source.place(path))
                return read
        raise self._error(path, f"{spell(path)} takes {_describe(allowed)}, not {_type(value)}.")

    def _object(self, allowed: list[Any], table: Mapping[str, Any], path: KeyPath) -> Any:
        """Return the object that *table* describes or imports."""
        if set(table) == {IMPORT}:
            self.settings.append(
                Setting(spell(path), str(table[IMPORT]), self._source.place(path), is_secret=False)
            )
            try:
                imported = builder(str(table[IMPORT]))
            except ConfigurationError as error:
                raise self._error(path, str(error)) from None
            self.objects[spell(path)] = imported
            return imported
        kinds = kinds_of(allowed)
        if not kinds:
            raise self._error(path, f"{spell(path)} takes {_describe(allowed)}, not a table.")
        kind = table.get(KIND, next(iter(kinds)))
        if kind not in kinds:
            similar = get_close_matches(str(kind), kinds, n=1)
            question = f" Did you mean {similar[0]!r}?" if similar else ""
            raise self._error(
                (*path, KIND), f"{KIND} is one of {', '.join(map(repr, kinds))}.{question}"
            )
        rest = {key: value for key, value in table.items() if key != KIND}
        if len(kinds) > 1:
            origin = self._source.place((*path, KIND)) if KIND in table else _DEFAULT
            self.settings.append(Setting(spell((*path, KIND)), str(kind), origin, is_secret=False))
        return self.build(kinds[kind], rest, path)

    def _match(self, kind: Any, value: Any, path: KeyPath, parameter: Parameter) -> Any:
        """Return *value* as *kind*, or `NO_MATCH`."""
        if get_origin(kind) not in _LISTS:
            return read_plain(kind, value)
        if isinstance(value, FromEnvironment):
            value = [FromEnvironment(part.strip()) for part in value.split(",")]
        if not isinstance(value, list):
            return NO_MATCH
        read = [self._any(each, item, path, parameter) for each, item in _items(kind, value)]
        if any(each is NO_MATCH for each in read):
            return NO_MATCH
        return tuple(read) if get_origin(kind) is tuple else read

    def _any(self, kind: Any, value: Any, path: KeyPath, parameter: Parameter) -> Any:
        allowed = alternatives(kind)
        if isinstance(value, Mapping) and not _takes_mapping(allowed, value):
            return self._object(allowed, value, path)
        read = (self._match(each, value, path, parameter) for each in allowed)
        return next((each for each in read if each is not NO_MATCH), NO_MATCH)

    def _note(self, path: KeyPath, value: Any, parameter: Parameter, origin: str) -> None:
        shown = None if parameter.is_secret else value
        is_secret = parameter.is_secret and value is not None
        self.settings.append(Setting(spell(path), shown, origin, is_secret))

    def _error(self, path: KeyPath, text: str) -> ConfigurationError:
        return ConfigurationError(f"{self._source.place(path)}: {text}")


def _takes_mapping(allowed: Sequence[Any], value: Mapping[str, Any]) -> bool:
    """Return whether *value* itself is meant, and not an object that it describes."""
    takes = any(get_origin(each) is Mapping or each is Any for each in allowed)
    return takes and set(value) != {IMPORT}


def _is_list_of_objects(allowed: Sequence[Any], value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, Mapping) for each in value)
        and any(get_origin(each) in _LISTS for each in allowed)
    )


def _item(allowed: Sequence[Any]) -> Any:
    return next(get_args(each)[0] for each in allowed if get_origin(each) in _LISTS)


def _items(kind: Any, values: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return each of *values* with its type; the types of a pair are listed one by one."""
    arguments = get_args(kind)
    if get_origin(kind) is tuple and arguments[-1] is not ...:
        if len(arguments) != len(values):
            return [(None, None)]
        return list(zip(arguments, values, strict=True))
    return [(arguments[0], each) for each in values]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, FromEnvironment) else value


def _describe(allowed: Sequence[Any]) -> str:
    texts = dict.fromkeys(map(_name, allowed))
    return " or ".join(texts)


def _name(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if origin in _LISTS:
        return f"a list of elements that are {_describe(alternatives(get_args(kind)[0]))}"
    if origin is Mapping or kinds_of([kind]):
        return "a table"
    if kind in _NAMES:
        return _NAMES[kind]
    if getattr(kind, "__name__", "") in {"float", "timedelta"}:
        return "a number"
    return f'{{ {IMPORT} = "module:name" }}'


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    names = {list: "this list", dict: "a table", int: "a whole number", float: "a number"}
    return names.get(type(value), "a string")
