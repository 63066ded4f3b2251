"""Caller and Identity in places where FastAPI would misread them say what to write."""

import copy
import pickle
from collections.abc import Callable
from typing import Annotated, Any, Optional, Union, get_args, get_origin, get_type_hints

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security
from pydantic import BaseModel, ConfigDict

from oauth_guard import ConfigurationError, Identity
from oauth_guard.fastapi import Caller, OptionalCaller, requires
from tests.acceptance.standards.api import Api

Register = Callable[..., Any]


def _endpoint() -> None: ...


def _identity(caller: Identity) -> None: ...


def _optional_identity(caller: Identity | None = None) -> None: ...


def _identities(callers: list[Identity]) -> None: ...


def _returned() -> Identity: ...  # type: ignore[empty-body]


def _dependency(caller: Identity = Depends()) -> None: ...  # noqa: B008 - the mistake


def _annotated_dependency(caller: Annotated[Identity, Depends()]) -> None: ...


def _named_dependency(caller: Any = Depends(Identity)) -> None: ...  # noqa: B008 - the mistake


def _default(caller: Any = Depends(Caller)) -> None: ...  # noqa: B008 - the mistake


def _bare_default(caller=Caller) -> None: ...  # type: ignore[no-untyped-def] # noqa: ANN001 - as it is written


def _typed_default(caller: Identity = Caller) -> None: ...  # type: ignore[assignment]


def _annotated(caller: Annotated[Identity, Depends(Caller)]) -> None: ...


IDENTITY: dict[str, Callable[[FastAPI], object]] = {
    "a parameter": lambda app: app.get("/a")(_identity),
    "a parameter of POST": lambda app: app.post("/a")(_identity),
    "a parameter of a WebSocket": lambda app: app.websocket("/a")(_identity),
    "an optional parameter": lambda app: app.get("/a")(_optional_identity),
    "a list": lambda app: app.get("/a")(_identities),
    "a response": lambda app: app.get("/a")(_returned),
    "a dependency": lambda app: app.get("/a")(_dependency),
    "a dependency of POST": lambda app: app.post("/a")(_dependency),
    "a dependency of a WebSocket": lambda app: app.websocket("/a")(_dependency),
    "an annotated dependency": lambda app: app.get("/a")(_annotated_dependency),
    "in Depends": lambda app: app.get("/a")(_named_dependency),
    "in a list": lambda app: app.get("/a", dependencies=[Depends(Identity)])(_endpoint),
}
CALLER: dict[str, Callable[[FastAPI], object]] = {
    "called": lambda _: Caller("read"),
    "in a list": lambda app: app.get("/a", dependencies=[Caller])(_endpoint),  # type: ignore[list-item]
    "in a list of a router": lambda _: APIRouter(dependencies=[Caller]).get("/a")(_endpoint),  # type: ignore[list-item]
    "in a list of an application": lambda _: FastAPI(dependencies=[Caller]).get("/a")(_endpoint),  # type: ignore[list-item]
    "no list": lambda app: app.get("/a", dependencies=Caller)(_endpoint),  # type: ignore[arg-type]
    "in Depends": lambda app: app.get("/a", dependencies=[Depends(Caller)])(_endpoint),
    "in Security": lambda app: app.get("/a", dependencies=[Security(Caller)])(_endpoint),
    "a default in Depends": lambda app: app.get("/a")(_default),
    "in Annotated and Depends": lambda app: app.get("/a")(_annotated),
    "a bare default": lambda app: app.get("/a")(_bare_default),
    "a typed default": lambda app: app.get("/a")(_typed_default),
    "a default of a WebSocket": lambda app: app.websocket("/a")(_bare_default),
    "with | None": lambda _: Caller | None,
    "with None |": lambda _: None | Caller,
}
PARTS: dict[str, Any] = {
    "Optional": Optional[Caller],  # noqa: UP045 - as it is written
    "Union": Union[None, Caller],  # noqa: UP007 - as it is written
    "Optional with scopes": Optional[Annotated[Identity, requires("read")]],  # noqa: UP045 - as it is written
    "Optional in Annotated": Annotated[Optional[Caller], "more"],  # noqa: UP045 - as it is written
    "Optional of the optional one": Optional[OptionalCaller],  # noqa: UP045 - as it is written
    "a list": list[Caller],
}


@pytest.mark.parametrize("misuse", IDENTITY.values(), ids=IDENTITY)
def test_identity_as_a_type_of_a_request_says_what_to_write(
    misuse: Callable[[FastAPI], object],
) -> None:
    """When the route is defined."""
    with pytest.raises(ConfigurationError, match=r"write the caller as caller: Caller, or"):
        misuse(FastAPI())


@pytest.mark.parametrize("misuse", CALLER.values(), ids=CALLER)
def test_caller_that_is_no_annotation_says_what_to_write(
    misuse: Callable[[FastAPI], object],
) -> None:
    """When the route is defined, not as 422 for each request."""
    with pytest.raises(ConfigurationError, match=r"^Caller is the annotation .* caller: Caller"):
        misuse(FastAPI())


@pytest.mark.parametrize("annotation", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("place", ["parameter", "response"])
def test_caller_that_is_a_part_of_a_type_says_what_to_write(annotation: Any, place: str) -> None:
    """When the route is defined; FastAPI finds no dependency there."""

    def endpoint(caller: Any) -> Any: ...

    endpoint.__annotations__ = {"caller" if place == "parameter" else "return": annotation}
    with pytest.raises(
        ConfigurationError, match=r"is the whole annotation .* caller: OptionalCaller"
    ):
        FastAPI().get("/a")(endpoint)


def test_optional_caller_that_is_no_annotation_is_named() -> None:
    """The text begins with what was written."""
    with pytest.raises(ConfigurationError, match=r"^OptionalCaller is the annotation"):
        FastAPI().get("/a", dependencies=[OptionalCaller])(_endpoint)  # type: ignore[list-item]


def test_caller_is_an_annotation_like_any_other() -> None:
    """For whatever reads annotations, and as a part of another one."""
    assert get_origin(Caller) is Annotated
    assert get_args(Caller)[0] is Identity
    hints = get_type_hints(_with_caller, include_extras=True)
    assert get_args(hints["caller"])[1] == requires()
    assert get_type_hints(_with_caller)["caller"] is Identity
    assert get_args(Annotated[Caller, "more"])[0] is Identity
    assert copy.copy(Caller) == Caller
    assert "Identity" in repr(Caller)


def _with_caller(caller: Caller) -> None: ...


async def test_caller_with_a_further_requirement_has_to_satisfy_it() -> None:
    """FastAPI takes the last one, which requires a token too."""
    app = FastAPI()

    @app.get("/a")
    def read(caller: Annotated[Caller, requires("read")]) -> str | None:
        return caller.subject

    api = Api(app=app)
    assert (await api.get("/a", api.token(scope=""))).status == 403
    assert (await api.get("/a", api.token(scope="read"))).status == 200


def test_model_that_allows_arbitrary_types_has_an_identity() -> None:
    """Its author has said that Pydantic need not know the type."""

    class Call(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        caller: Identity

    identity = Identity(subject="u1")
    assert Call(caller=identity).caller is identity
    assert pickle.loads(pickle.dumps(identity)) == identity  # noqa: S301 - it is our own
