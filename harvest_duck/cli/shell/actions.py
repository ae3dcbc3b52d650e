"""What a session does with a piece: it runs SQL, or does what a dot command says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pyarrow as pa
from duckdb import StatementType

from harvest_duck import connections
from harvest_duck.auth import sessions as sign_ins
from harvest_duck.catalog.tables import TABLES
from harvest_duck.cli import output, query, sync_report
from harvest_duck.cli.shell.account import ACCOUNT, name_of
from harvest_duck.cli.shell.dot_commands import help_text, read
from harvest_duck.cli.shell.pieces import is_command
from harvest_duck.cli.tables import DESCRIBE
from harvest_duck.cli.terminal import screen_of
from harvest_duck.engine import register
from harvest_duck.errors import QueryError
from harvest_duck.exports import source
from harvest_duck.formats import BINARY, FOR_PEOPLE, Format, format_of, targets
from harvest_duck.introspection import catalog_tables
from harvest_duck.pushdown.sql import identifier
from harvest_duck.text import escaped
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harvest_duck.cli.shell.session import Session

__all__ = ["ACTIONS", "run"]

_NAMED = re.compile(r"(?P<connection>.*?)(?:\s+AS\s+(?P<name>\w+|\"[^\"]+\"))?\s*;?", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"'([^']*)'|\"([^\"]*)\"|(\S+)")
_AUTO = "auto"
_SWITCH = {"on": True, "off": False}
#: The tables and views of the session's own databases; those of accounts are told with what they mean.
_OWN_TABLES = """
SELECT database_name, schema_name, table_name, 'table' FROM duckdb_tables() WHERE NOT internal
UNION ALL SELECT database_name, schema_name, view_name, 'view' FROM duckdb_views() WHERE NOT internal
ORDER BY ALL
"""
#: The request first, as the narrowest terminal has room for it.
_REQUESTS = """
SELECT request, status, records, source, round(elapsed_ms)::BIGINT AS ms, retries, round(waited_s, 1) AS waited_s,
    table_name, account_id
FROM listed
"""


def run(session: Session, piece: str) -> None:
    """Run SQL, or carry out a dot command; raises `failures.TOLD`, and EOFError for the end of the session."""
    if not is_command(piece):
        session.run(piece)
        return
    name, argument = read(piece)
    ACTIONS[name](session, argument)


def _chart(session: Session, argument: str) -> None:
    """Draw what SQL returns, or the last statement once more; `on` draws each result of two columns from now on."""
    switch = argument.rstrip("; ").lower()
    if switch in _SWITCH:
        session.charts = _SWITCH[switch]
        return
    sql = _sql(session, ".chart", argument)
    if not argument and any(each.type != StatementType.SELECT for each in session.con.extract_statements(sql)):
        # It would change a table once more.
        raise QueryError(".chart runs the last statement again only if it is a SELECT: write the SQL behind .chart")
    session.run(sql, as_chart=True)


def _sql(session: Session, name: str, argument: str) -> str:
    """Return the SQL behind a dot command, by default the last statement; raises `QueryError` where there is none."""
    sql = argument or session.last_sql
    if not sql:
        raise QueryError(f"{name} needs SQL behind it, or a statement that ran before")
    return sql


def _connect(session: Session, argument: str) -> None:
    """Attach an account, as `harvest` unless it is given another name; or list those that are attached."""
    found = _NAMED.fullmatch(argument)
    connection = _unquoted(found["connection"]) if found else ""
    if found is None or not connection:
        _list_accounts(session)
        return
    name = (found["name"] or ACCOUNT).strip('"')
    name = ACCOUNT if name.lower() == ACCOUNT else name
    source.require_all_rows(connection)
    sign_ins.prepare(connection)
    register.attach(session.con, connection, name=name)
    if name == ACCOUNT:
        # So that harvest_scan without a connection string reads the same account as harvest.TABLE.
        register.register(session.con, connection)
    session.accounts = {each: text for each, text in session.accounts.items() if each.lower() != name.lower()}
    session.accounts[name] = connection
    click.echo(f"{_written(name)}.TABLE reads {name_of(connection)}", err=True)


def _list_accounts(session: Session) -> None:
    for name, connection in session.accounts.items():
        click.echo(f"{_written(name)}.TABLE reads {name_of(connection)}")
    click.echo(f"DSN can be {', '.join(escaped(each.name) for each in connections.listed())}")


def _describe(session: Session, argument: str) -> None:
    qualifier, _, name = argument.rstrip("; ").rpartition(".")
    name = name.strip('"').lower()
    of_account = not qualifier or qualifier.strip('"').lower() in {each.lower() for each in session.accounts}
    if not name:
        raise QueryError(".describe needs the name of a table: .tables lists them")
    if of_account and name in TABLES:
        session.show(catalog_tables.describe(name), DESCRIBE)
    elif of_account and name in views():
        session.show(_parts_of_view(name))
    else:
        session.run(f"DESCRIBE {argument}")


def _parts_of_view(name: str) -> pa.Table:
    """Return the arguments of a ready view, with their defaults, and its columns."""
    view = views()[name]
    arguments = [(each.name, "argument", each.default, each.text) for each in view.arguments]
    columns = [(column, "column", "", text) for column, text in view.columns.items()]
    return _table(("name", "kind", "default", "description"), [*arguments, *columns])


def _explain(session: Session, argument: str) -> None:
    with source.our_errors(session.con):
        explained = register.explain(_sql(session, ".explain", argument), session.con)
    session.show(explained, query.EXPLAINED)
    query.tell_hints(explained)


def _mode(session: Session, argument: str) -> None:
    kinds = [_AUTO, *(each.value for each in Format if each not in BINARY)]
    chosen = argument.rstrip("; ").lower()
    if not chosen:
        click.echo(session.form or _AUTO)
    elif chosen not in kinds:
        raise QueryError(f".mode takes {', '.join(kinds[:-1])} or {kinds[-1]}; .output FILE writes files")
    else:
        session.form = None if chosen == _AUTO else Format(chosen)


def _output(session: Session, argument: str) -> None:
    """Keep a file for the next result; its form is that of its name, or else the session's. Without one, forget it."""
    target = Path(_unquoted(argument)).expanduser() if argument else targets.STANDARD_OUTPUT
    if targets.is_standard_output(target):
        session.target, session.target_form = targets.STANDARD_OUTPUT, None
        return
    try:
        form = format_of(target)
    except QueryError:
        if session.form is None or session.form in FOR_PEOPLE:
            raise QueryError(
                f"{target}: its name ends with no format: end it with .csv or .xlsx, or set .mode csv"
            ) from None
        form = session.form
    session.target_form = output.chosen(form, target)
    # A folder that is not there is told now, not after a query.
    targets.is_streamed(target)
    session.target = target
    click.echo(f"the next result goes to {escaped(target)}", err=True)


def _requests(session: Session, _: str) -> None:
    session.show(session.requests(), _REQUESTS)


def _sync(session: Session, argument: str) -> None:
    from harvest_duck.cli import sync  # noqa: PLC0415 - what it needs takes long to load

    path, *tables = _words(argument) or [""]
    if not path:
        raise QueryError(".sync needs the file of the copy, which the first sync makes")
    target = Path(path).expanduser()
    result = sync.synced(session.accounts[ACCOUNT], target, {"tables": tuple(tables) or None})
    for line in sync_report.summary_lines(target, result, screen_of(sys.stdout)):
        click.echo(line)
    for line in [] if result.proven else sync_report.unproven_lines(result):
        click.echo(line, err=True)


def _tables(session: Session, argument: str) -> None:
    wanted = argument.rstrip("; ").lower()
    # The name of an account would be in all of its tables.
    of_accounts = _of_accounts(session)
    rows = [row for row in of_accounts if wanted in (row[0] if "." in wanted else row[0].rpartition(".")[2]).lower()]
    rows += [row for row in _of_own(session) if wanted in row[0].lower()]
    session.show(_table(("name", "kind", "about"), rows))


def _of_accounts(session: Session) -> Iterator[tuple[str, str, str]]:
    attached = {name for (name,) in session.con.execute("SELECT database_name FROM duckdb_databases()").fetchall()}
    for account in [name for name in session.accounts if name in attached]:
        shown = _written(account)
        for table in TABLES.values():
            yield f"{shown}.{table.name}", "table", table.description
        for view in views().values():
            yield f"{shown}.{view.name}()", "ready view", view.question


def _of_own(session: Session) -> Iterator[tuple[str, str, str]]:
    ours = {"harvest_duck", *(each.lower() for each in session.accounts)}
    for database, schema, name, kind in session.con.execute(_OWN_TABLES).fetchall():
        if database.lower() not in ours:
            place = [] if database in {"memory", "temp"} else [database]
            yield ".".join([*place, *([] if schema == "main" else [schema]), name]), kind, ""


def _timer(session: Session, argument: str) -> None:
    switch = argument.rstrip("; ").lower()
    if switch and switch not in _SWITCH:
        raise QueryError(".timer is on or off")
    session.timer = _SWITCH.get(switch, not session.timer)
    click.echo(f".timer is {'on' if session.timer else 'off'}", err=True)


def _help(_: Session, __: str) -> None:
    click.echo(help_text())


def _quit(_: Session, __: str) -> None:
    raise EOFError


def _table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table([pa.array(column, pa.string()) for column in columns], names)


def _written(name: str) -> str:
    """Return a name as SQL has it, with the quotes that it needs."""
    return name if name.isidentifier() else identifier(name)


def _words(text: str) -> list[str]:
    """Return the words of a text, each of which may stand in quotes."""
    return ["".join(found) for found in _WORD.findall(text)]


def _unquoted(text: str) -> str:
    """Return a text without the quotes around it, if it has some that stand nowhere else in it."""
    mark = text[:1]
    whole = len(text) > 1 and mark in {"'", '"'} and text.find(mark, 1) == len(text) - 1
    return text[1:-1] if whole else text


#: What each dot command does, given what stands behind its name.
ACTIONS: dict[str, Callable[[Session, str], None]] = {
    ".chart": _chart,
    ".connect": _connect,
    ".describe": _describe,
    ".exit": _quit,
    ".explain": _explain,
    ".help": _help,
    ".mode": _mode,
    ".output": _output,
    ".quit": _quit,
    ".requests": _requests,
    ".sync": _sync,
    ".tables": _tables,
    ".timer": _timer,
}
