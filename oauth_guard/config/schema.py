"""schema(): the JSON Schema of a configuration file, from the signatures that it configures."""

import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin

from oauth_guard.config.kinds import FORWARD_AUTH, GUARD, KINDS, MIDDLEWARE, NEVER_DEFAULT, builder
from oauth_guard.config.parameters import FILE, Parameter, alternatives, kinds_of, parameters_of
from oauth_guard.config.reader import IMPORT, KIND

__all__ = ["schema"]

_LISTS = (Iterable, Sequence, Collection, frozenset)
_PLAIN: Mapping[Any, Mapping[str, str]] = {
    Any: {},
    str: {"type": "string"},
    bytes: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
}


def schema() -> dict[str, Any]:
    """Return the schema, by which editors complete and check a configuration file."""
    tables = {"middleware": _table(MIDDLEWARE), "forward_auth": _table(FORWARD_AUTH)}
    references = {name: {"$ref": f"#/$defs/{name}"} for name in tables}
    by_prefix = {"type": "object", "additionalProperties": {"$ref": "#/$defs/guard"}}
    guard = _table(GUARD, **references, guards=by_prefix)
    objects = {
        f"{name}.{kind}": _kind(name, kind, target)
        for name, kinds in KINDS.items()
        for kind, target in kinds.items()
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "oauth_guard.toml",
        **guard,
        "$defs": {**tables, "guard": _table(GUARD), IMPORT: _IMPORTED, **objects},
    }


_IMPORTED: Mapping[str, Any] = {
    "type": "object",
    "description": "An object of your own, as module:name.",
    "properties": {IMPORT: {"type": "string"}},
    "required": [IMPORT],
    "additionalProperties": False,
}


def _kind(name: str, kind: str, target: str) -> dict[str, Any]:
    """Return the schema of one kind of object; the first kind may leave its name out."""
    table = _table(target, **{KIND: {"const": kind}})
    if kind != next(iter(KINDS[name])) or name in NEVER_DEFAULT:
        table["required"] = [KIND]
    return table


def _table(target: str, **others: Any) -> dict[str, Any]:
    """Return the schema of the table from which *target* is built."""
    function = builder(target)
    known = parameters_of(function)
    properties: dict[str, Any] = dict(others)
    required: list[Any] = []
    for name, parameter in known.items():
        properties[name] = _property(parameter)
        if parameter.is_secret:
            properties[f"{name}{FILE}"] = _either_list({"type": "string"})
        if parameter.is_required:
            required.append(_present(name, parameter))
    summary = (inspect.getdoc(function) or "").partition("\n")[0]
    table: dict[str, Any] = {"type": "object", "description": summary, "properties": properties}
    if required:
        table["allOf"] = required
    return {**table, "additionalProperties": False}


def _present(name: str, parameter: Parameter) -> dict[str, Any]:
    if not parameter.is_secret:
        return {"required": [name]}
    return {"oneOf": [{"required": [name]}, {"required": [f"{name}{FILE}"]}]}


def _property(parameter: Parameter) -> dict[str, Any]:
    found = _of(parameter.kind)
    if isinstance(parameter.default, bool | int | float | str) and not parameter.is_secret:
        return {**found, "default": parameter.default}
    return found


def _of(kind: Any) -> dict[str, Any]:
    """Return the schema of the values that *kind* allows."""
    allowed = [each for each in alternatives(kind) if each is not timedelta]
    shapes: list[dict[str, Any]] = []
    for each in allowed:
        if (shape := _shape(each)) not in shapes:
            shapes.append(shape)
    return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}


def _shape(kind: Any) -> dict[str, Any]:
    origin = get_origin(kind)
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is tuple:
        return _tuple(get_args(kind))
    if origin in _LISTS:
        return {"type": "array", "items": _of(get_args(kind)[0])}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(get_args(kind)[1])}
    return _object(kind)


def _object(kind: Any) -> dict[str, Any]:
    own = {"$ref": f"#/$defs/{IMPORT}"}
    name = getattr(kind, "__name__", "")
    described = [{"$ref": f"#/$defs/{name}.{each}"} for each in kinds_of([kind])]
    return {"anyOf": [*described, own]} if described else own


def _tuple(arguments: Sequence[Any]) -> dict[str, Any]:
    if arguments[-1] is ...:
        return {"type": "array", "items": _of(arguments[0])}
    count = len(arguments)
    items = [_of(each) for each in arguments]
    return {"type": "array", "items": items, "minItems": count, "maxItems": count}


def _either_list(shape: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [shape, {"type": "array", "items": shape}]}
