"""Misplaced: what `requires` raises where FastAPI would take it for something else."""

from typing import NoReturn

from oauth_guard.errors import ConfigurationError

__all__ = ["ADVICE", "Misplaced", "MisplacedInFastAPI"]

ADVICE = (
    'write dependencies=[requires("read")] at the route, or the parameter '
    'caller: Annotated[Identity, requires("read")]'
)
"""How FastAPI's `requires` is used."""

_NO_DEPENDENCY = (
    "requires() of oauth_guard.starlette is no dependency: in FastAPI write "
    "dependencies=[requires(...)] with requires of oauth_guard.fastapi."
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

    def __get_pydantic_core_schema__(self, *_: object) -> NoReturn:
        """Reject `caller: requires(...)`, which FastAPI takes for the type of a parameter."""
        raise ConfigurationError(f"requires() is no type: {ADVICE}.")


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
