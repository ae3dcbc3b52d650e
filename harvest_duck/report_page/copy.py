"""A copy of what a report needs of an account: read once, all tables at the same time, into a DuckDB of its own.

The SQL of the ready views runs over its catalog `harvest`. The tables are those of Harvest as far as the figures need
them, and only the rows of the client that a variable chooses.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.engine.sibling import attached
from harvest_duck.engine.underlying import underlying
from harvest_duck.errors import Forbidden, HarvestDuckError, MirrorError, NotFound, QueryError
from harvest_duck.pushdown.sql import identifier, shown, text
from harvest_duck.report_page import inputs
from harvest_duck.report_page.parallel_reads import Read, read_all
from harvest_duck.report_page.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    import pyarrow as pa

    from harvest_duck.report_page.inputs import Input
    from harvest_duck.report_page.options import Options

__all__ = ["Copy", "copied"]

CATALOG = "harvest"
_DAYS_OFF = "_internal.days_off"
#: The variable that has the id of the chosen client.
_CLIENT = "client"
_VISIBLE = "account_id, user_id, user_name, role, rates, costs, people, projects, limited_to"
#: So many answers are kept: those of about ten filters.
_KEPT = 256
#: The report of the 365 days to the day to look from: others each day. It is made of tables that are read as well.
_MOVING = "report_uninvoiced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of what a report needs of one account.

    `options` are those that it was read for: figures of other days within `options.needed` can be made of it too, from
    the same day `as_of`. `unseen` has a reason for each card that cannot be made. `tables` are those that were read.
    """

    con: duckdb.DuckDBPyConnection
    options: Options
    visibility: Visibility
    unseen: Mapping[str, str]
    tables: frozenset[str]
    _answers: OrderedDict[tuple[str, int | None], list[dict[str, Any]]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def company(self) -> dict[str, Any]:
        """The row about the company; nothing but a name where the token may not read it."""
        for row in self.rows("FROM harvest.main.company"):
            return row
        return {**dict.fromkeys(inputs.HEAD["company"]), "name": f"Harvest account {self.visibility.account_id}"}

    def rows(self, sql: str, client: int | None = None) -> list[dict[str, Any]]:
        """Return the rows of a query over what concerns a client, or everyone; they are kept, and not to be changed."""
        key = (sql, client)
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        # Without the lock, so that several threads can ask at the same time.
        found = self._asked(*key)
        with self._lock:
            self._answers[key] = found
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return found

    def _asked(self, sql: str, client: int | None) -> list[dict[str, Any]]:
        with self.con.cursor() as cursor:
            cursor.execute(f"SET VARIABLE {_CLIENT} = {'NULL::BIGINT' if client is None else int(client)}")
            found = cursor.execute(sql)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    @property
    def digest(self) -> str:
        """A digest that changes when and only when something that was read has changed, whatever the day."""
        with self.con.cursor() as cursor:
            return _digest(cursor)

    def serves(self, options: Options) -> bool:
        """Return whether the figures of other options can be made without asking Harvest again."""
        mine, needed = self.options.needed, options.needed
        return options.as_of == self.options.as_of and mine.first <= needed.first and needed.last <= mine.last

    def close(self) -> None:
        """Free the copy."""
        self.con.close()


def today(con: object) -> date:
    """Return the day of today in the time zone of a connection."""
    day: date = underlying(con).execute("SELECT current_date").fetchall()[0][0]
    return day


def copied(con: object, name: str, options: Options) -> Copy:
    """Return a copy of what a report with these options needs of the account that is attached as `name`.

    The requests are those of the connection: its log has them, its progress tells of them, and interrupting it ends
    them. Raises the errors of a scan, and `QueryError` where `name` is several accounts, or none.
    """
    user = underlying(con)
    _check(user, name)
    visibility = Visibility.of(lambda sql: read_all(user, [Read("visible", sql)])["visible"], name)
    unseen = visibility.unseen()
    views = sorted({view for card, made_of in inputs.CARDS.items() if card not in unseen for view in made_of})
    reads = [Read(each.table, inputs.select(each, name), _refusals(each)) for each in inputs.inputs(options, views)]
    if inputs.needs_days_off(views):
        days = f"DATE '{options.days_off.first}', DATE '{options.days_off.last}', true, true"
        reads.append(Read(_DAYS_OFF, f"FROM {identifier(name)}._internal.days_off({days})"))
    tables = read_all(user, reads)
    found = {table: rows for table, rows in tables.items() if not isinstance(rows, HarvestDuckError)}
    unseen |= _refused({table: rows for table, rows in tables.items() if table not in found}, visibility)
    found.setdefault("company", schema_of(TABLES["company"]).empty_table())
    zone = user.execute("SELECT current_setting('TimeZone')").fetchall()[0][0]
    own = duckdb.connect(":memory:", config={"python_enable_replacements": "false"})
    try:
        own.execute(f"SET GLOBAL TimeZone = {text(zone)}")
        _fill(own, found, visibility)
        return Copy(
            con=own,
            options=options,
            visibility=visibility,
            unseen=unseen,
            tables=frozenset(found),
        )
    except BaseException:
        own.close()
        raise


def _check(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raise `QueryError` unless one account is attached by that name, all of it."""
    account = attached(con, name)
    if account is None:
        raise QueryError(
            f"no account is attached as {shown(name)}: harvest_duck.attach(con, connection, name=…) does it"
        )
    numbers = account.require_accounts() or ()
    if len(numbers) > 1:
        raise QueryError(
            f"a report is of one account, and {shown(name)} is {len(numbers)}: attach one of them alone, "
            f"as by AccountId={numbers[0]}"
        )
    if account.max_rows is not None:
        raise QueryError(
            f"MaxRows is {account.max_rows}, and a report needs all rows: add MaxRows=-1 to the connection string"
        )


def _refusals(wanted: Input) -> tuple[type[HarvestDuckError], ...]:
    """Return the errors of which a card can tell: that of a copy of an account as well, which has no reports."""
    return (Forbidden, NotFound, MirrorError) if wanted.table.startswith("report_") else (Forbidden, NotFound)


def _refused(errors: Mapping[str, HarvestDuckError], visibility: Visibility) -> dict[str, str]:
    """Return the reason for each card that needs a table which cannot be read; without the company cards can do."""
    unseen: dict[str, str] = {}
    for card, views in inputs.CARDS.items():
        for table in sorted(inputs.tables(views) & errors.keys() - {"company"}):
            in_copy = isinstance(errors[table], MirrorError)
            by = "no copy of an account has" if in_copy else f"Harvest does not show to {visibility.user_name}"
            unseen[card] = f"This takes the table {table}, which {by}."
    return unseen


def _fill(own: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], visibility: Visibility) -> None:
    """Make the catalog of the copy: tables, views over them with the chosen filter, and the internal functions."""
    own.execute(f"ATTACH ':memory:' AS {CATALOG}; CREATE SCHEMA {CATALOG}._internal; CREATE SCHEMA {CATALOG}._rows")
    for table, rows in tables.items():
        own.register("read", rows)
        own.execute(f"CREATE TABLE {CATALOG}._rows.{identifier(table)} AS FROM read")
        own.unregister("read")
        if table != _DAYS_OFF:
            own.execute(f"CREATE VIEW {CATALOG}.main.{identifier(table)} AS {_of_client(table)}")
    own.register("read", visibility.rows)
    own.execute(f"CREATE TABLE {CATALOG}._rows.visible AS FROM read")
    own.unregister("read")
    for statement in _internal_functions(has_days_off=_DAYS_OFF in tables):
        own.execute(statement)


def _of_client(table: str) -> str:
    """Return the query of the rows of a table that are those of the chosen client, all where none is chosen."""
    column, chosen = inputs.CLIENT.get(table), f"getvariable('{_CLIENT}')"
    where = f" WHERE {chosen} IS NULL OR {column} = {chosen}" if column else ""
    return f"FROM {CATALOG}._rows.{identifier(table)}{where}"


def _internal_functions(*, has_days_off: bool) -> Iterable[str]:
    """Return the statements that make the internal functions of an account, over the tables of the copy."""
    yield (
        f"CREATE MACRO {CATALOG}._internal.visible(view, access) AS TABLE "
        f"SELECT {_VISIBLE} FROM {CATALOG}._rows.visible v WHERE v.asked = access"
    )
    if has_days_off:
        yield (
            f"CREATE MACRO {CATALOG}._internal.days_off(from_date, to_date, read_holidays, read_time_off) AS TABLE "
            f'FROM {CATALOG}._rows."{_DAYS_OFF}" o WHERE o.day BETWEEN from_date AND to_date '
            "AND CASE o.kind WHEN 'holiday' THEN read_holidays ELSE read_time_off END"
        )


def _digest(own: duckdb.DuckDBPyConnection) -> str:
    """Return a digest of the rows of all tables, whatever their order."""
    columns = own.execute(
        "SELECT table_name, list(column_name ORDER BY column_name) FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = '_rows' AND table_name <> ? GROUP BY table_name ORDER BY table_name",
        [CATALOG, _MOVING],
    ).fetchall()
    parts = ["SELECT '' AS part"]
    for table, names in columns:
        row = f"ROW({', '.join(f'{identifier(name)}::VARCHAR' for name in names)})::VARCHAR"
        rows = f"sha256(string_agg({row}, chr(10) ORDER BY {row}))"
        parts.append(f"SELECT concat({text(f'{table} {names}')}, {rows}) FROM {CATALOG}._rows.{identifier(table)}")
    joined = " UNION ALL ".join(parts)
    ((digest,),) = own.execute(f"SELECT sha256(string_agg(part, chr(10) ORDER BY part)) FROM ({joined})").fetchall()
    return str(digest)
