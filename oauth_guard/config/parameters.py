"""parameters_of(): the settings of a class or function, from its own signature."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import GenericAlias, NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from oauth_guard.config.kinds import KINDS
from oauth_guard.interfaces import Clock

__all__ = ["FILE", "NO_DEFAULT", "Parameter", "alternatives", "kinds_of", "parameters_of"]

FILE = "_file"
NO_DEFAULT = inspect.Parameter.empty
# These are not for operators: the application itself, and clocks, which tests replace.
_NOT_CONFIGURED = ("self", "app", "guard")
# A URL of a server may have a password in it.
_SECRETS = ("secret", "key", "token", "server")


class Parameter(NamedTuple):
    """One setting.

    Attributes:
        kind: The annotation of its type.
        default: Its default, or `NO_DEFAULT`. That of an optional keyword setting is None.
        is_required: Whether it has no default.
        is_secret: Whether its value is never shown, and may be in a file of its own.
        is_positional: Whether its elements are passed as positional arguments.
    """

    kind: Any
    default: Any
    is_required: bool
    is_secret: bool
    is_positional: bool = False


def parameters_of(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the settings of *function* by their names, those of its `TypedDict` included."""
    found: dict[str, Parameter] = {}
    for name, each in inspect.signature(function).parameters.items():
        if name in _NOT_CONFIGURED or each.annotation == Clock:
            continue
        if each.kind is each.VAR_KEYWORD:
            (settings,) = get_args(each.annotation)  # Unpack[...] of a TypedDict
            for key, kind in settings.__annotations__.items():
                if kind != Clock:
                    found[key] = Parameter(kind, None, is_required=False, is_secret=_secret(key))
        elif each.kind is each.VAR_POSITIONAL:
            found[name] = Parameter(
                GenericAlias(Sequence, (each.annotation,)),
                (),
                is_required=False,
                is_secret=False,
                is_positional=True,
            )
        else:
            is_required = each.default is NO_DEFAULT
            found[name] = Parameter(
                each.annotation, each.default, is_required=is_required, is_secret=_secret(name)
            )
    return found


def _secret(name: str) -> bool:
    return name in _SECRETS


def alternatives(kind: Any) -> list[Any]:
    """Return the types that *kind* allows, without None."""
    kinds = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    return [each for each in kinds if each is not NoneType]


def kinds_of(allowed: Iterable[Any]) -> Mapping[str, str]:
    """Return the kinds of objects that a table may build for the *allowed* types."""
    names = {getattr(each, "__name__", "") for each in allowed}
    found: dict[str, str] = {}
    for name, kinds in KINDS.items():
        if name in names:
            found |= kinds
    return found
