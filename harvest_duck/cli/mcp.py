"""`harvest-duck mcp`: Harvest for agents, by the Model Context Protocol."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harvest_duck import __version__
from harvest_duck.cli import standard_input
from harvest_duck.cli.connection_option import connection_option
from harvest_duck.cli.duration_option import seconds
from harvest_duck.connection import loopback, resolve
from harvest_duck.errors import QueryError
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from harvest_duck.servers.mcp.server import AgentServer

__all__ = ["mcp"]

_HERE, _PORT = "127.0.0.1", 8183
_REQUESTS, _LONGEST_S = 100, 60
_ADDRESS = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:]+\]|[^:\[\]]+)?:)?(?P<port>\d{1,5})")
#: What ends it: Ctrl-C, and what else ends a command.
_ENDS = [number for number in map(signal.__dict__.get, ("SIGINT", "SIGTERM", "SIGHUP")) if number is not None]
_FILE = click.Path(path_type=Path)


def _address(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """Return the host and the port of an address such as 127.0.0.1:8183."""
    if text is None or not text:
        return None if text is None else (_HERE, _PORT)
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > 65_535:  # noqa: PLR2004 - the largest port
        raise click.BadParameter(f"{escaped(text)} is no address: write {_HERE}:{_PORT}, or a port.")
    host = (found["host"] or _HERE).strip("[]")
    if not loopback(host):
        raise click.BadParameter(f"{escaped(host)} is for other machines: agents are served on this one alone.")
    return host, int(found["port"])


@click.command(short_help="Serve Harvest to agents (MCP).")
@connection_option
@click.option("--mirror", type=_FILE, metavar="FILE", help="Answer from the file of a copy alone, whatever its age.")
@click.option(
    "--max-requests",
    type=click.IntRange(0, 10_000),
    default=_REQUESTS,
    metavar="N",
    help=f"The most requests of a call to Harvest: {_REQUESTS} by default.",
)
@click.option(
    "--timeout", callback=seconds, metavar="TIME", help=f"The longest time of a call: {_LONGEST_S}s by default."
)
@click.option(
    "--http",
    "address",
    is_flag=False,
    flag_value="",
    callback=_address,
    metavar="[HOST:PORT]",
    help=f"Serve by HTTP on this machine, at {_HERE}:{_PORT} by default; port 0 takes a free one.",
)
@click.option("--http-token", type=_FILE, metavar="FILE", help="Of --http: the file of the token, made if not there.")
def mcp(
    *,
    connection: str,
    mirror: Path | None,
    max_requests: int,
    timeout: int | None,
    address: tuple[str, int] | None,
    http_token: Path | None,
) -> None:
    """Serve Harvest to an agent by the Model Context Protocol, on standard input and output.

    The agent starts this command itself. It gets tools that read, and no more: tables, columns, views, cost, query,
    report. Answers come from the memory of the server while they are young enough.
    """
    if http_token is not None and address is None:
        raise click.UsageError("--http-token goes with --http.")
    if address is None:
        standard_input.take("the protocol")
    if importlib.util.find_spec("mcp") is None:
        raise QueryError("mcp needs the extra 'mcp': pip install 'harvest-duck[mcp]'")
    agent = _agent(_with_cache(connection, mirror), max_requests, timeout or _LONGEST_S)
    # The SDK tells what a client did wrong by its log, for which nobody asked.
    logging.getLogger().addHandler(logging.NullHandler())
    from harvest_duck.servers.mcp import transports  # noqa: PLC0415 - it takes long to import

    for number in _ENDS:
        signal.signal(number, _leave)
    if address is None:
        if standard_input.is_terminal():
            click.echo("An agent starts this command, and speaks to it on standard input. Ctrl-C ends it.", err=True)
        transports.serve_stdio(agent)
    else:
        _serve_http(agent, address, http_token)
    _leave()


def _with_cache(connection: str, mirror: Path | None) -> str:
    """Return the connection string with its cache, checked; raises `ConnectionStringError`."""
    from harvest_duck.servers import served  # noqa: PLC0415 - as above

    if mirror is not None:
        found = served.offline(connection, mirror)
    else:
        found = served.served([("harvest", connection)], cache_s=None, mirrors=())[0].connection
    settings = resolve(found)
    if mirror is None:
        settings.require_credentials()
    return found


def _agent(connection: str, max_requests: int, longest_s: float) -> AgentServer:
    from harvest_duck.servers.mcp.server import AgentServer  # noqa: PLC0415 - as above

    return AgentServer(connection, max_requests=max_requests, longest_s=longest_s, version=__version__)


def _serve_http(agent: AgentServer, address: tuple[str, int], file: Path | None) -> None:
    from harvest_duck.servers.mcp import transports  # noqa: PLC0415 - as above
    from harvest_duck.servers.mcp.http_access import kept_token  # noqa: PLC0415 - as above

    token, host = kept_token(file), address[0]

    def started(port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"Harvest is served to agents at\n\n  http://{shown}:{port}{transports.PATH}\n")
        kept = f"the token of {escaped(file)}" if file is not None else token
        click.echo(f"with the header\n\n  Authorization: Bearer {kept}\n\nCtrl-C ends it.")
        sys.stdout.flush()

    transports.serve_http(agent, *address, token, started)


def _leave(*_: object) -> None:
    """End the process at once, which is no failure: what is read is for nobody, and a thread waits for stdin."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
