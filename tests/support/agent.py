"""The official client of the Model Context Protocol, and the server that it starts as a process of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from anyio.from_thread import start_blocking_portal
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from support.command import COMMAND, environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

__all__ = ["Agent", "agent", "arguments"]


@dataclass
class Agent:
    """A session with the server; `texts` are all that it was told, `errors` the file of the server's standard error."""

    portal: BlockingPortal
    session: ClientSession
    errors: Path
    texts: list[str] = field(default_factory=list)

    def call(self, tool: str, **given: Any) -> tuple[bool, str]:
        """Whether a call failed, and its text."""
        found = self.portal.call(lambda: self.session.call_tool(tool, given))
        (content,) = found.content
        self.texts.append(content.text)
        return bool(found.is_error), content.text

    def answer(self, tool: str, **given: Any) -> str:
        """The text of a call that succeeds."""
        failed, text = self.call(tool, **given)
        assert not failed, text
        return text

    def refusal(self, tool: str, **given: Any) -> str:
        """The line of a call that fails."""
        failed, text = self.call(tool, **given)
        assert failed, text
        assert "\n" not in text
        assert "Traceback" not in text
        return text

    def asked(self, name: str, *given: Any) -> Any:
        """What a method of the session returns."""
        found = self.portal.call(lambda: getattr(self.session, name)(*given))
        self.texts.append(found.model_dump_json())
        return found


def arguments(connection: str, *others: str) -> list[str]:
    """The arguments of the server's command, which is the first of them."""
    return [*COMMAND, "mcp", "--connection", connection, *others]


@contextmanager
def agent(folder: Path, connection: str, *others: str) -> Iterator[Agent]:
    """Start a server for this connection, and yield a session with it."""
    command, *rest = arguments(connection, *others)
    parameters = StdioServerParameters(command=command, args=rest, env=environment(), cwd=folder)
    errors = folder / "stderr"
    with (
        start_blocking_portal() as portal,
        errors.open("w") as log,
        portal.wrap_async_context_manager(_session(parameters, log)) as session,
    ):
        yield Agent(portal, session, errors)


@asynccontextmanager
async def _session(parameters: StdioServerParameters, log: TextIO) -> AsyncIterator[ClientSession]:
    async with stdio_client(parameters, log) as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session
