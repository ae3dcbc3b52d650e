"""`harvest-duck serve`: Harvest for every program that has a driver for PostgreSQL."""

from __future__ import annotations

import getpass
import importlib.util
import os
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import duckdb

from harvest_duck import connections as named
from harvest_duck.auth import sessions
from harvest_duck.auth.terminal import terminal_there
from harvest_duck.cli import completion, standard_input
from harvest_duck.cli.duration_option import seconds
from harvest_duck.connection import loopback, resolve
from harvest_duck.errors import ConnectionStringError, QueryError
from harvest_duck.text import escaped, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harvest_duck.servers.postgres.server import PostgresServer
    from harvest_duck.servers.postgres.sign_in.password_file import Users
    from harvest_duck.servers.served import Served

__all__ = ["serve"]

_HERE, _PORT = "127.0.0.1", 5432
_MEMORY = re.compile(r"\d+(\.\d+)? ?([KMGT]i?)?B", re.IGNORECASE)
_FILE = click.Path(path_type=Path)


def _size(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """Return the size of a memory, as DuckDB reads it."""
    if text is not None and not _MEMORY.fullmatch(text):
        raise click.BadParameter(f"{escaped(text)} is no size: write a number and its unit, such as 2GB or 512MiB.")
    return text


@click.command(short_help="Serve Harvest to programs that speak PostgreSQL.")
@click.option(
    "--connection",
    "-c",
    "strings",
    multiple=True,
    metavar="STR",
    shell_complete=completion.connection_strings,
    help="A connection string such as 'DSN=acme'; the database is called as the DSN. May be given again.",
)
@click.option(
    "--database",
    "databases",
    nargs=2,
    multiple=True,
    metavar="NAME STR",
    help="A database of another name, and its connection string. May be given again.",
)
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help=f"By default {_PORT}; 0 takes a free one.")
@click.option("--listen", metavar="ADDRESS", help="By default 127.0.0.1. Another one needs TLS and passwords.")
@click.option("--password-file", type=_FILE, metavar="FILE", help="Who may connect, made by --set-password.")
@click.option(
    "--set-password",
    is_flag=False,
    flag_value="",
    metavar="[USER]",
    help="Ask for a password, put what proves it into --password-file, and end.",
)
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="The certificate of the server, in PEM.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="Its key, in PEM.")
@click.option(
    "--cache", callback=seconds, metavar="TIME", help="How old answers may be: 10m by default; 0 asks Harvest."
)
@click.option("--mirror", "mirrors", multiple=True, metavar="[NAME=]FILE", help="Answer from the file of a copy.")
@click.option("--timeout", callback=seconds, metavar="TIME", help="The longest time of a statement, such as 5m.")
@click.option(
    "--memory",
    callback=_size,
    metavar="SIZE",
    help="The most memory of each database, such as 2GB; by default all together take at most 40 %.",
)
@click.option(
    "--log",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="A line for each statement, without its SQL; on standard error without FILE.",
)
def serve(*, set_password: str | None, password_file: Path | None, **options: Any) -> None:  # noqa: ANN401 - those of `_serve`
    """Serve Harvest on this machine to every program that has a driver for PostgreSQL, until Ctrl-C.

    Excel, Power BI, Tableau, DBeaver, Metabase, Grafana, R and Java have one. Each connection is a database, with the
    schema harvest. Answers come from the memory of the server while they are young enough.
    """
    if set_password is None:
        _serve(password_file=password_file, **options)
        return
    if password_file is None or any(value not in (None, ()) for value in options.values()):
        raise click.UsageError("--set-password goes with --password-file FILE, and with nothing else.")
    _set_password(set_password or _login_name(), password_file)


def _set_password(user: str, file: Path) -> None:
    """Ask for a password twice, or take it from a pipe, and store what proves it."""
    from harvest_duck.servers.postgres.sign_in import password_file  # noqa: PLC0415 - no other command needs it

    asked = f"Password of {escaped(user)}"
    if terminal_there():
        password = str(click.prompt(asked, hide_input=True, confirmation_prompt="Again", err=True))
    else:
        password = standard_input.whole_line("the password")
    if not password:
        raise QueryError(f"{asked}: there is none, standard input is empty")
    password_file.set_password(file, user, password)
    click.echo(f"{escaped(file)} lets {escaped(user)} in.", err=True)


def _serve(
    *,
    strings: tuple[str, ...],
    databases: tuple[tuple[str, str], ...],
    port: int | None,
    listen: str | None,
    password_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    cache: int | None,
    mirrors: tuple[str, ...],
    timeout: int | None,
    memory: str | None,
    log: str | None,
) -> None:
    """Serve until Ctrl-C."""
    host = listen or _HERE
    _refuse_open_doors(host, password_file, tls_cert, tls_key)
    _require_numpy()
    # It takes long to import, and no other command needs it.
    from harvest_duck.servers.postgres.server import PostgresServer  # noqa: PLC0415
    from harvest_duck.servers.postgres.statement_log import logged  # noqa: PLC0415

    served = _served(strings, databases, cache, mirrors)
    users, secured = _users(password_file), _tls(tls_cert, tls_key)
    people = [_person(each) for each in served]
    _check_copies(served)
    with nullcontext() if log is None else logged(log) as statements:
        memory = memory or _usual_memory(len(served))
        options: dict[str, Any] = {"timeout_s": timeout or None, "memory": memory, "log": statements}
        options |= {"opened": True, "leave": _leave, **secured}
        port = _PORT if port is None else port
        with PostgresServer(served, host=host, port=port, users=users, **options) as server:
            told = zip(served, people, strict=True)
            for line in _first_lines(told, served[0].name, (host, server.port), users, tls=bool(secured)):
                click.echo(line)
            _wait(server)


def _leave() -> None:
    """End the process at once, because a statement cannot be ended: nothing that it does is kept."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _refuse_open_doors(host: str, password_file: Path | None, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Raise a usage error where others than this machine could connect unseen or unasked."""
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together.")
    if not loopback(host) and (tls_cert is None or password_file is None):
        raise click.UsageError(
            f"--listen {escaped(host)} is for other machines: give --tls-cert, --tls-key and --password-file too."
        )


def _require_numpy() -> None:
    if importlib.util.find_spec("numpy") is None:
        raise QueryError("serve needs the extra 'serve': pip install 'harvest-duck[serve]'")


def _served(
    strings: Sequence[str], databases: Sequence[tuple[str, str]], cache_s: int | None, mirrors: Sequence[str]
) -> tuple[Served, ...]:
    """The databases; raises a usage error for options that do not fit together."""
    from harvest_duck.servers import served  # noqa: PLC0415 - as above

    try:
        asked = [served.called_by_dsn(_whole(string)) for string in strings]
        asked += [(name, _whole(string)) for name, string in databases]
        if not asked:
            raise click.UsageError("Say what to serve: --connection DSN=acme, or --connection DSN=sandbox to try it.")
        return served.served(asked, cache_s=cache_s, mirrors=mirrors)
    except ConnectionStringError:
        raise
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None


def _usual_memory(databases: int) -> str:
    """The most memory of a database: half of what DuckDB takes by itself, parted among all of them."""
    with duckdb.connect() as con:
        ((text,),) = con.execute("SELECT current_setting('memory_limit')").fetchall()
    amount, unit = text.split()
    return f"{float(amount) / 2 / databases:.2f}{unit}"


def _whole(connection: str) -> str:
    """Return a connection string: `-` stands for a line of standard input."""
    return standard_input.first_line("the connection strings") if connection == "-" else connection


def _users(file: Path | None) -> Users | None:
    from harvest_duck.servers.postgres.sign_in import password_file  # noqa: PLC0415 - as above

    return None if file is None else password_file.read(file)


def _tls(cert: Path | None, key: Path | None) -> dict[str, Any]:
    """How the server speaks TLS, and by what a password is bound to its certificate; nothing without one."""
    from harvest_duck.servers.postgres.sign_in import certificates  # noqa: PLC0415 - as above

    if cert is None or key is None:
        return {}
    context = certificates.server_context(cert, key)
    return {"tls": context, "certificate_hash": certificates.tls_server_end_point(cert)}


def _person(served: Served) -> str:
    """Whose token a database sends, asked of Harvest; a copy that is offline is nobody's."""
    settings = resolve(served.connection)
    if settings.cache is not None and settings.cache.offline:
        return "a copy"
    sessions.prepare(served.connection)
    found = named.check(served.name, served.connection)
    who, accounts = dict.fromkeys(one_line(each.user) for each in found), [each.account_id for each in found]
    return f"{', '.join(who)} in account{'s' * (len(accounts) > 1)} {', '.join(accounts)}"


def _check_copies(databases: Iterable[Served]) -> None:
    """Raise `MirrorError` where a file that is to answer is no copy; one that is not there yet is made by queries."""
    from harvest_duck.mirror.status import mirror_status  # noqa: PLC0415 - as above

    for each in databases:
        cache = resolve(each.connection).cache
        if cache is not None and cache.path is not None and cache.path.exists():
            mirror_status(cache.path)


def _first_lines(
    told: Iterable[tuple[Served, str]], first: str, at: tuple[str, int], users: Users | None, *, tls: bool
) -> Iterator[str]:
    """What the server is, how to connect to it, and who may."""
    from harvest_duck.servers import served  # noqa: PLC0415 - as above
    from harvest_duck.servers.postgres import client_strings  # noqa: PLC0415 - as above

    host, port = at
    yield f"Harvest is served at {host}, port {port}, as PostgreSQL is. Ctrl-C ends it."
    yield ""
    for each, person in told:
        yield f"  {escaped(each.name)}: {person}, {served.age_of_answers(resolve(each.connection))}"
    yield ""
    user = _login_name() if users is None else "USER"
    for client, text in client_strings.client_strings(host, port, first, user, tls=tls):
        yield f"{client}  {text}"
    if users is None:
        yield ""
        yield "Without --password-file every user of this machine may read it."


def _login_name() -> str:
    """The name of the user of the system; where it has none, any does."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "user"


def _wait(server: PostgresServer) -> None:
    """Wait for Ctrl-C, or another signal that ends a command; that is how it ends, and no failure."""
    try:
        server.wait()
    except KeyboardInterrupt:
        click.echo(err=True)
