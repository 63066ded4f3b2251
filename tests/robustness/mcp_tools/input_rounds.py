"""add_input_rounds(): tools and a prompt that ask their client for input, in one or more rounds."""

from collections.abc import Mapping
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolResult,
    ClientCapabilities,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    MissingRequiredClientCapabilityErrorData,
    SamplingCapability,
    SamplingMessage,
    TextContent,
)

_Result = CallToolResult | InputRequiredResult


def add_input_rounds(server: MCPServer[Any]) -> None:
    """Add what the scenarios `input-required-result-*` of the conformance suite call."""
    _add_single_rounds(server)
    _add_rounds_by_capability(server)
    _add_rounds_with_state(server)

    @server.prompt(description="A prompt that needs input.")
    async def test_input_required_result_prompt(ctx: Context) -> str | InputRequiredResult:
        given = _elicited(ctx, "user_context")
        if given is None:
            return _require(user_context=_ask("What context should the prompt use?", "context"))
        return f"Use {given['context']}."


def _add_single_rounds(server: MCPServer[Any]) -> None:
    @server.tool(description="Ask for a name.")
    async def test_input_required_result_elicitation(ctx: Context) -> _Result:
        given = _elicited(ctx, "user_name")
        if given is None:
            return _require(user_name=_ask("What is your name?", "name"))
        return _done(f"Hello, {given['name']}!")

    @server.tool(description="Ask the model of the client.")
    async def test_input_required_result_sampling(ctx: Context) -> _Result:
        given = (ctx.input_responses or {}).get("capital_question")
        if not isinstance(given, CreateMessageResult):
            return _require(capital_question=_sample("What is the capital of France?", 100))
        return _done(str(getattr(given.content, "text", "")))

    @server.tool(description="Ask for the roots of the client.")
    async def test_input_required_result_list_roots(ctx: Context) -> _Result:
        given = (ctx.input_responses or {}).get("client_roots")
        if not isinstance(given, ListRootsResult):
            return _require(client_roots=ListRootsRequest(method="roots/list"))
        return _done(" ".join(str(root.uri) for root in given.roots))


def _add_rounds_by_capability(server: MCPServer[Any]) -> None:
    @server.tool(description="Ask for what the client can do.")
    async def test_input_required_result_capabilities(ctx: Context) -> _Result:
        if ctx.input_responses:
            return _done("all of it")
        known = ctx.client_capabilities
        requests: dict[str, Any] = {}
        if known is not None and known.sampling is not None:
            requests["greeting"] = _sample("Generate a greeting", 50)
        if known is not None and known.elicitation is not None:
            requests["user_name"] = _ask("What is your name?", "name")
        return _require(**requests)

    @server.tool(description="Ask the model of a client that has one.")
    async def test_missing_capability(ctx: Context) -> _Result:
        known = ctx.client_capabilities
        if known is None or known.sampling is None:
            required = ClientCapabilities(sampling=SamplingCapability())
            data = MissingRequiredClientCapabilityErrorData(required_capabilities=required)
            text = "The client has no model."
            raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, text, data.model_dump(by_alias=True))
        return _done("It has one.")


def _add_rounds_with_state(server: MCPServer[Any]) -> None:
    @server.tool(description="Ask for a confirmation, with state.")
    async def test_input_required_result_request_state(ctx: Context) -> _Result:
        if _elicited(ctx, "confirm") is None or ctx.request_state != "waits":
            return _require("waits", confirm=_ask("Please confirm", "ok", "boolean"))
        return _done("state-ok")

    @server.tool(description="Ask for a confirmation, with state that nobody else may write.")
    async def test_input_required_result_tampered_state(ctx: Context) -> _Result:
        if _elicited(ctx, "confirm") is None or ctx.request_state != "waits":
            return _require("waits", confirm=_ask("Please confirm", "ok", "boolean"))
        return _done("state-ok")

    @server.tool(description="Ask for several things.")
    async def test_input_required_result_multiple_inputs(ctx: Context) -> _Result:
        if len(ctx.input_responses or {}) < 3:
            return _require(
                "waits",
                user_name=_ask("What is your name?", "name"),
                greeting=_sample("Generate a greeting", 50),
                client_roots=ListRootsRequest(method="roots/list"),
            )
        return _done("all of it")

    @server.tool(description="Ask twice.")
    async def test_input_required_result_multi_round(ctx: Context) -> _Result:
        if ctx.request_state is None or (
            _elicited(ctx, "step1") is None and "," not in (ctx.request_state)
        ):
            return _require("one", step1=_ask("Step 1: What is your name?", "name"))
        color = _elicited(ctx, "step2")
        if color is None:
            name = (_elicited(ctx, "step1") or {}).get("name")
            step = _ask("Step 2: What is your favorite color?", "color")
            return _require(f"two,{name}", step2=step)
        return _done(f"{ctx.request_state.partition(',')[2]} likes {color['color']}")


def _elicited(ctx: Context, key: str) -> Mapping[str, Any] | None:
    """Return what the user entered for *key*; None before, or if it is something else."""
    given = (ctx.input_responses or {}).get(key)
    return given.content if isinstance(given, ElicitResult) else None


def _require(state: str | None = None, **requests: Any) -> InputRequiredResult:
    return InputRequiredResult(
        result_type="input_required", input_requests=requests, request_state=state
    )


def _ask(message: str, name: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    params = ElicitRequestFormParams(mode="form", message=message, requested_schema=schema)
    return ElicitRequest(method="elicitation/create", params=params)


def _sample(text: str, max_tokens: int) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    params = CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    return CreateMessageRequest(method="sampling/createMessage", params=params)


def _done(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)])
