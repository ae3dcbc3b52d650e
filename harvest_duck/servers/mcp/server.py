"""The server by the official SDK of the Model Context Protocol: its requests, answered in threads of their own.

What it answers from is imported when it is asked for, beside the first answers: an agent waits for the list of tools,
and pyarrow with DuckDB takes as long to load as the SDK.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.servers.mcp.tools import INSTRUCTIONS, tools
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from harvest_duck.servers.mcp.prompts import Prompt
    from harvest_duck.servers.mcp.work import Work

__all__ = ["AgentServer"]

#: Calls that ask Harvest at the same time.
_AT_ONCE = 4
_LONGEST = 100


class AgentServer:
    """The tools, resources and prompts over the account of a connection string.

    A call sends at most `max_requests` requests, and takes at most `longest_s` seconds. Nothing is asked of Harvest
    before a tool needs it.
    """

    def __init__(self, connection: str, *, max_requests: int, longest_s: float, version: str) -> None:
        self._connection = connection
        self._longest_s = longest_s
        self._tools = tools(max_requests)
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)
        self._lock = Lock()
        self._work: Work | None = None
        self._opening = False
        self.server: Server[Any] = Server(
            "harvest",
            version=version,
            title="Harvest",
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
        )

    async def _list_tools(self, _context: object, _params: object) -> types.ListToolsResult:
        self._open_soon()
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=each.name,
                    title=each.title,
                    description=each.description,
                    input_schema=each.schema,
                    annotations=types.ToolAnnotations(
                        read_only_hint=True,
                        destructive_hint=False,
                        idempotent_hint=True,
                        open_world_hint=each.asks_harvest,
                    ),
                )
                for each in self._tools.values()
            ]
        )

    async def _call_tool(self, _context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            raise _unknown(f"no tool is called {_shown(params.name)}: {', '.join(self._tools)}")
        try:
            given = tool.read(params.arguments or {})
            text = await (self._asked(tool.name, given) if tool.asks_harvest else self._told(tool.name, given))
        except HarvestDuckError as error:
            return _result(str(error), is_error=True)
        except Exception as error:  # noqa: BLE001 - the server goes on, and tells nothing that may be secret
            return _result(f"a fault of harvest_duck: {type(error).__name__}; please report it", is_error=True)
        return _result(text)

    async def _told(self, name: str, given: Mapping[str, Any]) -> str:
        """The answer of a tool that asks nobody."""
        text: str = await anyio.to_thread.run_sync(lambda: self._worker().told(name, **given))
        return text

    async def _asked(self, name: str, given: Mapping[str, Any]) -> str:
        """The answer of a tool that may ask Harvest; one that the client cancels sends no more requests."""
        work = await anyio.to_thread.run_sync(self._worker)
        call = work.call(self._longest_s, **given)
        answer = partial(work.asked, call, name, **given)
        try:
            text: str = await anyio.to_thread.run_sync(answer, abandon_on_cancel=True, limiter=self._limiter)
        except anyio.get_cancelled_exc_class():
            call.end("cancelled")
            raise
        return text

    async def _list_resources(self, _context: object, _params: object) -> types.ListResourcesResult:
        return types.ListResourcesResult(
            resources=[
                types.Resource(uri=each.uri, name=each.name, description=each.description, mime_type=each.mime_type)
                for each in await anyio.to_thread.run_sync(_resources().resources)
            ]
        )

    async def _list_templates(self, _context: object, _params: object) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=each.uri, name=each.name, description=each.description, mime_type=each.mime_type
                )
                for each in _resources().TEMPLATES
            ]
        )

    async def _read_resource(
        self, _context: object, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        try:
            text, mime_type = await anyio.to_thread.run_sync(_resources().content, str(params.uri))
        except HarvestDuckError as error:
            raise _unknown(str(error)) from None
        found = types.TextResourceContents(uri=params.uri, text=text, mime_type=mime_type)
        return types.ReadResourceResult(contents=[found])

    async def _list_prompts(self, _context: object, _params: object) -> types.ListPromptsResult:
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=each.name,
                    title=each.question,
                    description=each.question,
                    arguments=[
                        types.PromptArgument(name=name, description=text, required=False)
                        for name, text in each.arguments.items()
                    ],
                )
                for each in _prompts().values()
            ]
        )

    async def _get_prompt(self, _context: object, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        prompt = _prompts().get(params.name)
        if prompt is None:
            raise _unknown(f"no prompt is called {_shown(params.name)}: {', '.join(_prompts())}")
        try:
            text = prompt.text(params.arguments or {}, datetime.now(UTC).astimezone().date())
        except QueryError as error:
            raise _unknown(str(error)) from None
        said = types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))
        return types.GetPromptResult(description=prompt.question, messages=[said])

    def _open_soon(self) -> None:
        """Open the database beside the first answers, which need none; an error is that of the first call."""
        if not self._opening:
            self._opening = True
            Thread(target=self._open, name="harvest-duck opens", daemon=True).start()

    def _open(self) -> None:
        # The first call opens it again, and tells.
        with suppress(Exception):
            self._worker().database.open()

    def _worker(self) -> Work:
        """What answers the tools, which is imported now if it was not."""
        with self._lock:
            if self._work is None:
                from harvest_duck.servers.mcp.work import Work  # noqa: PLC0415 - it takes long to import

                self._work = Work(self._connection)
            return self._work


def _resources() -> ModuleType:
    from harvest_duck.servers.mcp import resources  # noqa: PLC0415 - as above

    return resources


def _prompts() -> Mapping[str, Prompt]:
    from harvest_duck.servers.mcp.prompts import PROMPTS  # noqa: PLC0415 - as above

    return PROMPTS


def _result(text: str, *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=is_error)


def _unknown(message: str) -> MCPError:
    return MCPError(code=types.INVALID_PARAMS, message=message)


def _shown(name: str) -> str:
    return shortened(one_line(name), _LONGEST)
