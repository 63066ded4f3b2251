"""everything_server(): an MCP server with what the conformance suite of MCP calls."""

import asyncio
import base64
from typing import Annotated, Any

from mcp.server.mcpserver import Audio, Context, Image, MCPServer, UserMessage
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import (
    CallToolResult,
    Completion,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)
from pydantic import Field

from tests.robustness.mcp_tools.client_requests import add_client_requests
from tests.robustness.mcp_tools.input_rounds import add_input_rounds

_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_WAV = base64.b64decode("UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=")
_PAUSE = 0.05


def everything_server() -> MCPServer[Any]:
    """Return the server; the names and texts are those that the suite expects."""
    server = MCPServer("everything")
    _add_contents(server)
    _add_behaviours(server)
    _add_resources(server)
    _add_prompts(server)
    add_input_rounds(server)
    add_client_requests(server)

    server.completion()(_complete)  # type: ignore[no-untyped-call] # it has no type
    return server


async def _complete(*_: Any) -> Completion:
    return Completion(values=["paris", "park", "party"], total=3, has_more=False)


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _embedded(uri: str, media_type: str, text: str) -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type=media_type, text=text)
    return EmbeddedResource(type="resource", resource=contents)


def _add_contents(server: MCPServer[Any]) -> None:
    @server.tool(description="Return a text.")
    async def test_simple_text() -> str:
        return "This is a simple text response for testing."

    @server.tool(description="Return an image.")
    async def test_image_content() -> Image:
        return Image(data=_PNG, format="png")

    @server.tool(description="Return a sound.")
    async def test_audio_content() -> Audio:
        return Audio(data=_WAV, format="wav")

    @server.tool(description="Return a resource.")
    async def test_embedded_resource() -> CallToolResult:
        text = "This is an embedded resource content."
        return CallToolResult(content=[_embedded("test://embedded-resource", "text/plain", text)])

    @server.tool(description="Return several kinds of content.")
    async def test_multiple_content_types() -> CallToolResult:
        data = '{"test":"data","value":123}'
        return CallToolResult(
            content=[
                _text("Multiple content types test:"),
                _image(),
                _embedded("test://mixed-content-resource", "application/json", data),
            ]
        )


def _add_behaviours(server: MCPServer[Any]) -> None:
    @server.tool(description="Fail.")
    async def test_error_handling() -> str:
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool(description="Report progress.")
    async def test_tool_with_progress(ctx: Context) -> str:
        for progress in (0, 50, 100):
            await ctx.report_progress(progress, 100)
            await asyncio.sleep(_PAUSE)
        return "done"

    @server.tool(description="Take an argument that a header field repeats.")
    async def test_custom_header(
        region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
    ) -> str:
        return region

    @server.tool(description="Write to the client's log.")
    async def test_tool_with_logging(ctx: Context) -> str:
        for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(text)
            await asyncio.sleep(_PAUSE)
        return "done"


def _image() -> ImageContent:
    data = base64.b64encode(_PNG).decode()
    return ImageContent(type="image", data=data, mime_type="image/png")


def _add_resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", description="A text.", mime_type="text/plain")
    async def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", description="An image.", mime_type="image/png")
    async def static_binary() -> bytes:
        return _PNG

    @server.resource("test://template/{id}/data", mime_type="application/json")
    async def template(id: str) -> str:  # noqa: A002 - the name in the template
        return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'

    @server.resource("test://watched-resource", description="A text.", mime_type="text/plain")
    async def watched() -> str:
        return "watched"


def _add_prompts(server: MCPServer[Any]) -> None:
    @server.prompt(description="A prompt.")
    async def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt(description="A prompt with arguments.")
    async def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt(description="A prompt with a resource.")
    async def test_prompt_with_embedded_resource(
        resourceUri: str,  # noqa: N803 - the name that the suite sends
    ) -> list[UserMessage]:
        text = "Embedded resource content for testing."
        return [
            UserMessage(_embedded(resourceUri, "text/plain", text)),
            UserMessage("Please process the embedded resource above."),
        ]

    @server.prompt(description="A prompt with an image.")
    async def test_prompt_with_image() -> list[UserMessage]:
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]
