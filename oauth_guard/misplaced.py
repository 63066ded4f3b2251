"""Misplaced: what `requires` and `Caller` raise where FastAPI would misread them."""

from contextlib import suppress
from typing import Any, NoReturn

from oauth_guard.errors import ConfigurationError

__all__ = ["ADVICE", "Misplaced", "MisplacedInFastAPI", "reject_misuse"]

ADVICE = (
    'write dependencies=[requires("read")] at the route, or the parameter '
    'caller: Annotated[Identity, requires("read")]'
)
"""How FastAPI's `requires` is used."""

_NO_DEPENDENCY = (
    "requires() of oauth_guard.starlette is no dependency: in FastAPI write "
    "dependencies=[requires(...)] with requires of oauth_guard.fastapi."
)

_CALLER = (
    "is the annotation of a parameter: write caller: Caller, or caller: OptionalCaller where the "
    'caller may have no token. With scopes, write caller: Annotated[Identity, requires("read")], '
    'or dependencies=[requires("read")] if the route does not use the caller.'
)

_PART = (
    "Caller, or Annotated[Identity, requires(...)], is the whole annotation of a parameter, not a "
    "part of one, nor of a response: where the caller may have no token, write caller: "
    'OptionalCaller, or caller: Annotated[Identity | None, requires("read", optional=True)].'
)


class Misplaced:
    """The places that are wrong for a dependency."""

    def __iter__(self) -> NoReturn:
        """Reject `dependencies=requires(...)`."""
        raise ConfigurationError(f"dependencies= takes a list: {ADVICE}.")

    @property
    def __signature__(self) -> NoReturn:
        """Reject `Depends(requires(...))`, whose parameters FastAPI looks up."""
        raise ConfigurationError(f"requires() is a dependency without Depends(): {ADVICE}.")

    def __get_pydantic_core_schema__(self, annotated: object, *_: object) -> NoReturn:
        """Reject `caller: requires(...)`, which FastAPI takes for the type of a parameter.

        Also `Optional[Caller]`, where *annotated* is `Identity`: FastAPI finds a dependency only
        in the outermost `Annotated`.
        """
        if annotated is self:
            raise ConfigurationError(f"requires() is no type: {ADVICE}.")
        raise ConfigurationError(_PART)


class MisplacedInFastAPI:
    """The places where FastAPI takes a dependency or a type, for Starlette's `requires`."""

    @property
    def dependency(self) -> NoReturn:
        """Reject `dependencies=[requires(...)]`."""
        raise ConfigurationError(_NO_DEPENDENCY)

    @property
    def __signature__(self) -> NoReturn:
        """Reject `Depends(requires(...))`, whose parameters FastAPI looks up."""
        raise ConfigurationError(_NO_DEPENDENCY)

    def __get_pydantic_core_schema__(self, *_: object) -> NoReturn:
        """Reject `caller: requires(...)`, which FastAPI takes for the type of a parameter."""
        raise ConfigurationError(_NO_DEPENDENCY)


def reject_misuse(alias: Any, name: str, dependency: type) -> None:
    """Let *alias*, an `Annotated[...]` with the *name*, raise advice where it is no annotation.

    Type checkers and FastAPI treat it like any other annotation. Elsewhere, FastAPI takes it
    for a *dependency* and asks what it depends on, which raises: otherwise a default value,
    `caller=Caller`, would make `caller` a query parameter. The class of such aliases is not meant
    for subclasses; where a version of Python does not allow one, there is no advice.
    """
    text = f"{name} {_CALLER}"

    def reject(*_: object, **__: object) -> NoReturn:
        raise ConfigurationError(text)

    with suppress(TypeError):
        alias.__class__ = type(
            "Alias",
            (type(alias),),
            {
                "__call__": reject,  # Caller("read")
                "__iter__": reject,  # dependencies=Caller
                "__or__": reject,  # Caller | None
                "__ror__": reject,
                "__signature__": property(reject),  # Depends(Caller)
                "__class__": property(lambda _: dependency),
                "dependency": property(reject),  # dependencies=[Caller], caller=Caller
            },
            _root=True,
        )
