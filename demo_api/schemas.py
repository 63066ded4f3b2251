"""The JSON schemas of the API: NewEmployee, which is read strictly, and WhoAmI."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from demo_api.people import Member
from oauth_guard import Identity

_LONGEST_BODY = 16 * 1024
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class NewEmployee(BaseModel):
    """An employee to add; other members are rejected and types are not converted."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Line
    title: Line
    organisation: Line | None = None

    @classmethod
    async def read(cls, request: Request) -> Self:
        """Read the body of *request*.

        Raises:
            HTTPException: With a fixed text, which does not repeat the input.
        """
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_BODY:
                raise HTTPException(413, "The body is too large.")
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            if any(each["type"] == "json_invalid" for each in error.errors()):
                raise HTTPException(400, "The body is not JSON.") from None
            raise HTTPException(
                422,
                "Send an object with name and title, and organisation where you see several: "
                "texts of 1 to 100 characters, and nothing else.",
            ) from None


class WhoAmI(BaseModel):
    """The caller as the API returns them."""

    subject: str | None
    display_name: str
    client: str | None
    scopes: list[str]
    issuer: str | None

    @classmethod
    def of(cls, caller: Identity, member: Member | None) -> Self:
        """Return the schema for *caller*, with the display name of *member* if there is one."""
        return cls(
            subject=caller.subject,
            display_name=member.display_name if member else caller.display_name,
            client=caller.client_id,
            scopes=sorted(caller.scopes),
            issuer=caller.issuer,
        )
