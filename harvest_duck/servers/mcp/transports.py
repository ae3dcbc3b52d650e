"""How agents reach the server: by the standard streams of a process that they start, or by HTTP on this machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import anyio
from mcp.server.stdio import stdio_server

from harvest_duck.servers.mcp.http_access import HttpAccess
from harvest_duck.servers.server_thread import port_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.servers.mcp.server import AgentServer

__all__ = ["PATH", "serve_http", "serve_stdio"]

#: The path of the URL.
PATH = "/mcp"


def serve_stdio(agent: AgentServer) -> None:
    """Serve until standard input ends; standard output carries the protocol alone.

    The SDK takes a descriptor of its own for it, and what else is printed goes to standard error (mcp 2.3).
    """
    anyio.run(_stdio, agent)


async def _stdio(agent: AgentServer) -> None:
    async with stdio_server() as (read, write):
        await agent.server.run(read, write, agent.server.create_initialization_options())


def serve_http(agent: AgentServer, host: str, port: int, token: str, started: Callable[[int], None]) -> None:
    """Serve by HTTP until a signal; `started` is told the port. Raises `QueryError` where it cannot have the port."""
    # It takes long to import, and standard streams need none of it.
    import uvicorn  # noqa: PLC0415

    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise port_error(host, port, error) from error
    with listening:
        port = listening.getsockname()[1]
        app = HttpAccess(agent.server.streamable_http_app(streamable_http_path=PATH, host=host), port, token)
        # Its log would have the requests; its own handlers would write to standard output.
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1
        )
        started(port)
        uvicorn.Server(config).run(sockets=[listening])
