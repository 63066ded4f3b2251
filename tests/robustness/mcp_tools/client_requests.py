"""add_client_requests(): tools that send requests to their client during a call (2025-11-25)."""

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import SamplingMessage, TextContent
from pydantic import BaseModel, Field


class _Contact(BaseModel):
    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class _Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: str = Field("active", json_schema_extra={"enum": ["active", "inactive", "pending"]})
    verified: bool = True


def add_client_requests(server: MCPServer[Any]) -> None:
    """Add what the scenarios `tools-call-sampling` and `*elicitation*` call."""

    @server.tool(description="Ask the model of the client.")
    async def test_sampling(prompt: str, ctx: Context) -> str:
        message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
        response = await ctx.session.create_message([message], max_tokens=100)
        return f"LLM response: {getattr(response.content, 'text', '')}"

    @server.tool(description="Ask the user of the client.")
    async def test_elicitation(message: str, ctx: Context) -> str:
        result = await ctx.elicit(message, _Contact)
        return f"User response: action: {result.action}"

    @server.tool(description="Ask the user of the client, with defaults.")
    async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
        result = await ctx.elicit("Please review", _Defaults)
        return f"Elicitation completed: action={result.action}"
