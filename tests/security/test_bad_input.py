"""What nobody should write, and somebody will: it is answered rightly, or refused in words, and ends no process."""

from __future__ import annotations

import ast
import json
import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.command import run, write
from support.run_size import some_of

import harvest_duck
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.errors import DecodeError, HarvestDuckError, ProtocolError
from harvest_duck.protocol.request import Request, next_request, page_of, refuse_repeat
from harvest_duck.sandbox import Sandbox
from harvest_duck.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harvest_duck.decoder.decoder import Page

VERSION_2 = int(duckdb.__version__.partition(".")[0]) >= 2
ODD = {
    "empty": "",
    "quote": "'",
    "double quote": '"',
    "semicolon": ";",
    "SQL": "x'; DROP TABLE plain; --",
    "zero": "a\x00b",
    "long": "x" * 100_000,
    "unicode": "ä☃\U0001f986",
    "blank": " time_entries",
    "two statements": "time_entries; SELECT 1",
    "format": "%s{}",
    "line": "a\nb",
    "internal": "harvest_duck._internal.time_entries",
    "another table": "main.plain",
    "escape": "\x1b[31m",
}
#: A connection over which nothing is sent.
OFFLINE = "APIKey=a;AccountId=1"
each_odd = pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))


@pytest.fixture(scope="module")
def both() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with an agency in it, and a table `plain` with the same time entries."""
    with Sandbox(seed=7, scale=0.1, time_entries=1000, limits=False) as running:
        string = running.connection_string() + ";RateLimit=off;ReportsRateLimit=off"
        with harvest_duck.connect(string) as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute("CREATE TABLE plain AS FROM harvest.time_entries")
            yield con


def fault(error: BaseException) -> str:
    """What DuckDB says, without its quotation of the statement."""
    return str(error).partition("\n\n")[0]


# Names


@each_odd
def test_no_table_is_named_so(both: duckdb.DuckDBPyConnection, odd: str) -> None:
    with pytest.raises(duckdb.Error, match="no Harvest table"):
        both.execute("FROM harvest_scan(?)", [odd])
    with pytest.raises(HarvestDuckError, match="no Harvest table"):
        harvest_duck.scan(odd, OFFLINE)
    assert both.execute("SELECT count(*) FROM harvest_columns(?)", [odd]).fetchone() == (0,)
    assert both.execute("SELECT count(*) > 0 FROM plain").fetchone() == (True,)


@each_odd
def test_a_connection_string_of_that_kind_is_refused(both: duckdb.DuckDBPyConnection, odd: str) -> None:
    with pytest.raises(duckdb.Error) as refused:
        both.execute("FROM harvest_scan('roles', ?)", [odd]).fetchall()
    assert re.search("connection string|token|DSN", fault(refused.value))


@each_odd
def test_no_column_is_named_so(odd: str) -> None:
    with pytest.raises(HarvestDuckError, match="has no column") as refused:
        harvest_duck.scan("roles", OFFLINE, columns=[odd])
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


@pytest.mark.takes_a_share
@pytest.mark.parametrize("odd", [pytest.param(odd, id=name) for name, odd in some_of(ODD.items(), 0)])
def test_an_attached_account_may_be_named_so(con: duckdb.DuckDBPyConnection, connection: str, odd: str) -> None:
    """DuckDB cuts no name, and refuses an empty one and one with a zero in words."""
    # It stands in each of 700 statements.
    odd = odd[:5000]
    try:
        harvest_duck.attach(con, connection, name=odd)
    except HarvestDuckError as error:
        assert "cannot be attached, choose another name" in str(error)  # noqa: PT017 - either is right
        return
    name = odd.replace('"', '""')
    assert con.execute(f'SELECT count(*) > 0 FROM "{name}".roles').fetchone() == (True,)
    con.execute(f'DETACH "{name}"')


@pytest.mark.parametrize(
    "sql",
    [
        *ODD.values(),
        "SELECT",
        "SELECT 1; SELECT 2",
        "DROP TABLE plain",
        "PIVOT harvest.roles ON name",
        "COPY (SELECT 1) TO 'there'",
        "ATTACH ':memory:' AS another",
        "SET threads = 1",
        "(" * 5000,
        "SELECT error('a' || chr(10) || 'b')",
    ],
)
def test_what_is_no_select_is_not_explained(both: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(duckdb.Error, match="harvest_explain"):
        both.execute("FROM harvest_explain(?, probe := false)", [sql])
    assert not Path("there").exists()
    assert both.execute("SELECT count(*) > 0 FROM plain").fetchone() == (True,)


def test_null_is_no_table_and_no_connection(both: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match="NULL"):
        both.execute("FROM harvest_scan(NULL)")
    with pytest.raises(duckdb.Error, match="connection string is NULL"):
        both.execute("FROM harvest_scan('roles', NULL)")


# Conditions


DAYS = ("0001-01-01", "9999-12-31", "290000-01-01", "290000-01-01 (BC)", "infinity", "-infinity")
FARTHER = ("5877642-06-25 (BC)", "5881580-07-10")
CONDITIONS = [
    *(f"spent_date {op} DATE '{day}'" for op in ("<", ">=", "=", "<>") for day in DAYS + FARTHER),
    *(f"spent_date IN (DATE '{day}', (SELECT min(spent_date) FROM plain))" for day in DAYS),
    *(f"updated_at {op} TIMESTAMPTZ '{day}'" for op in ("<", ">=") for day in DAYS),
    "updated_at >= TIMESTAMPTZ '290309-12-22 (BC) 00:00:00+00'",
    "updated_at < TIMESTAMPTZ '294247-01-10 04:00:54+00'",
    *(f"hours {op} '{value}'::DOUBLE" for op in ("<", ">=") for value in ("NaN", "infinity", "-infinity", "1e300")),
    "id < 'NaN'::DOUBLE",
    *(f"id {op} {value}" for op in ("<", "=", ">=") for value in (2**63 - 1, 2**63, -(2**63), 2**127 - 1, 2.5, -1)),
    "hours < 99999999999999.9999",
    "hours = 12345678901234567890.12345",
    "hours >= -1e30::DECIMAL(38, 4)",
    "notes = ''",
    "notes = chr(0)",
    "notes = 'a' || chr(0) || 'b'",
    f"notes = '{'x' * 1_000_000}'",
    "notes < '\U0010ffff'",
    "notes = 'ä\U0001f986' OR hours > 2",
    "approval_status = 'approved'' OR 1=1 --'",
    "id IN (NULL)",
    "id NOT IN (1, NULL)",
    "started_time < TIME '24:00:00'",
    "started_time IN (TIME '24:00:00', TIME '09:00')",
    "is_billed IN (true, NULL)",
    "user_id IN (-9223372036854775808, -1, 0)",
]


def same(con: duckdb.DuckDBPyConnection, condition: str, plainly: str | None = None) -> None:
    """Harvest gives the rows for a condition that the plain table does, for the same or for what means the same."""
    asked = {"harvest.time_entries": condition, "plain": plainly or condition}
    found, expected = (
        con.execute(f"SELECT id, hours, notes FROM {table} WHERE {where} ORDER BY id").fetchall()
        for table, where in asked.items()
    )
    assert found == expected


@pytest.mark.takes_a_share
@pytest.mark.parametrize("condition", some_of(CONDITIONS, 0, every=4), ids=lambda condition: condition[:60])
def test_extreme_values_keep_the_same_rows(both: duckdb.DuckDBPyConnection, condition: str) -> None:
    same(both, condition)


def test_a_number_of_39_digits_is_refused_alike(both: duckdb.DuckDBPyConnection) -> None:
    faults = []
    for table in ("harvest.time_entries", "plain"):
        with pytest.raises(duckdb.Error) as refused:
            both.execute(f"FROM {table} WHERE hours < {10**38 - 1}")
        faults.append(fault(refused.value))
    assert faults[0] == faults[1]


#: Every column with every way to join conditions on it.
WAYS_TO_LIST = [*product(["id", "notes", "spent_date"], ["IN", "NOT IN", "OR", "AND", "pairs"])]


@pytest.mark.takes_a_share
@pytest.mark.uncounted
@pytest.mark.parametrize(
    ("column", "joined", "count"),
    # A usual run tries half of the short ones; of the long ones one or two of each column, and each way to join them.
    [
        *((*each, 10) for each in some_of(WAYS_TO_LIST, 0, every=2)),
        *((*each, 10_000) for each in some_of(WAYS_TO_LIST, 0)),
    ],
)
def test_long_lists_keep_the_same_rows(both: duckdb.DuckDBPyConnection, column: str, joined: str, count: int) -> None:
    kept = [value for (value,) in both.execute(f"SELECT DISTINCT {column} FROM plain LIMIT 5").fetchall()]
    literals = [*map(literal, kept), *(made(column, number) for number in range(count - len(kept)))]
    if joined not in {"IN", "NOT IN"}:
        # DuckDB 2.0 takes minutes for more, over any table.
        literals = literals[:1500] if joined != "pairs" else literals[:500]
    listed = f"{column} {'NOT IN' if joined in {'NOT IN', 'AND'} else 'IN'} ({', '.join(literals)})"
    # So many AND take DuckDB 2.0 gigabytes over a table of its own.
    same(both, CHAINS[joined](column, literals), f"{listed} AND hours > 0.5" if joined == "pairs" else listed)


CHAINS: dict[str, Callable[[str, list[str]], str]] = {
    "IN": lambda column, listed: f"{column} IN ({', '.join(listed)})",
    "NOT IN": lambda column, listed: f"{column} NOT IN ({', '.join(listed)})",
    "OR": lambda column, listed: " OR ".join(f"{column} = {each}" for each in listed),
    "AND": lambda column, listed: " AND ".join(f"{column} <> {each}" for each in listed),
    "pairs": lambda column, listed: " OR ".join(f"({column} = {each} AND hours > 0.5)" for each in listed),
}


def literal(value: object) -> str:
    """A value as SQL."""
    quoted = str(value).replace("'", "''")
    return "NULL" if value is None else str(value) if isinstance(value, int) else f"'{quoted}'"


def made(column: str, number: int) -> str:
    """A value that no time entry has."""
    return (
        str(3 * number + 1)
        if column == "id"
        else f"'n{number}'"
        if column == "notes"
        else f"DATE '1800-01-01' + {3 * number}"
    )


@pytest.mark.parametrize("depth", [20, 50 if VERSION_2 else 400])
def test_conditions_in_conditions_keep_the_same_rows(both: duckdb.DuckDBPyConnection, depth: int) -> None:
    """The optimizer of DuckDB 2.0 takes twice as long for each level, over any table."""
    condition = negated = "id > 5"
    for level in range(depth):
        join, compare = ("AND", ">") if level % 2 else ("OR", "=")
        condition = f"(({condition}) {join} user_id {compare} {level})"
        negated = f"(NOT ({negated}) {join} user_id = {level})"
    same(both, condition)
    same(both, negated)


@pytest.mark.parametrize("columns", ["count(*)", "*"])
@pytest.mark.parametrize("table", ["report_time_clients", "report_uninvoiced"])
def test_an_option_of_a_report_is_not_just_any(both: duckdb.DuckDBPyConnection, table: str, columns: str) -> None:
    days = "from_date = '2026-01-01' AND to_date = '2026-03-01'"
    asked = f"SELECT {columns} FROM harvest.{table} WHERE {days} AND include_fixed_fee IS NOT NULL"
    if not VERSION_2 and columns == "*":
        pytest.skip("DuckDB 1 keeps IS NOT NULL to itself")
    with pytest.raises(duckdb.Error, match="without choosing it"):
        both.execute(asked).fetchall()


# Quoting


PACKAGE = Path(harvest_duck.__file__).parent
SQL = re.compile(r"\b(SELECT|FROM|CREATE|ATTACH|COPY|SET|COMMENT|WHERE)\b")
#: The packages that hand SQL to DuckDB, and the names in them that are SQL or names of the catalog.
ASKING = {
    "engine": {
        "table.name",
        "name",
        "sql",
        "names",
        "source",
        "given",
        "signature",
        "query",
        "call",
        "CATALOG",
        "INTERNAL",
        "SESSION_VARIABLE",
        "_STATEMENT",
        "_PREFIX",
        "dataset",
        "first",
        "last",
        "_NAME",
        "_select(cursor, sql).query",
        "attached",
        "record('source', attached)",
        "copy_file.relation(table, cache.as_of, catalog)",
        "scan_of(table, handle)",
    },
    "formats": {"', '.join(_columns(writer, named.schema))", "column", "lines.row"},
    "exports": {"where or 'true'", "column.type.sql"},
}
QUOTING = {"identifier", "text", "setting", "passing", "dataset", "len", "nearest"}


@pytest.mark.parametrize("package", ASKING)
def test_nothing_is_put_into_sql_without_quotes(package: str) -> None:
    unquoted, checked = [], 0
    for module in sorted((PACKAGE / package).rglob("*.py")):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
        for each in ast.walk(tree):
            if isinstance(each, ast.JoinedStr) and SQL.search(constants_of(each)):
                around = (part for part in functions if part.lineno <= each.lineno <= (part.end_lineno or 0))
                checked += 1
                if not is_quoted(each, next(around, tree), ASKING[package]):
                    unquoted.append(f"{module.name}:{each.lineno}: {ast.unparse(each)}")
    assert unquoted == []
    assert checked


def constants_of(spliced: ast.JoinedStr) -> str:
    """The text of an f-string without what is put into it."""
    return "".join(str(part.value) for part in spliced.values if isinstance(part, ast.Constant))


def is_quoted(value: ast.expr, function: ast.AST, known: set[str]) -> bool:
    """Whether a value is a constant, quoted, or made of such."""

    def quoted(part: ast.expr) -> bool:
        return is_quoted(part, function, known)

    if ast.unparse(value) in known:
        return True
    match value:
        case ast.Constant():
            return True
        case ast.JoinedStr(values):
            return all(quoted(part.value) for part in values if isinstance(part, ast.FormattedValue))
        case ast.Name(name):
            return name.isupper() or all_quoted(assigned(name, function), quoted)
        case ast.Subscript(table, _):
            return quoted(table)
        case ast.IfExp(_, one, other):
            return quoted(one) and quoted(other)
        case ast.Call(ast.Attribute(ast.Constant(), "join"), [ast.GeneratorExp(each) | ast.ListComp(each)]):
            return quoted(each)
        case ast.Call(ast.Attribute(ast.Constant(), "join"), [ast.Call(ast.Name("map"), [called, _])]):
            return ast.unparse(called) in QUOTING
    return isinstance(value, ast.Call) and ast.unparse(value.func) in QUOTING


def assigned(name: str, function: ast.AST) -> list[ast.expr]:
    """All values that a function gives a variable."""
    found = [each for each in ast.walk(function) if isinstance(each, ast.Assign)]
    return [each.value for each in found if any(ast.unparse(target) == name for target in each.targets)]


def all_quoted(values: list[ast.expr], quoted: Callable[[ast.expr], bool]) -> bool:
    """Whether there are values, and each is quoted."""
    return bool(values) and all(map(quoted, values))


def test_the_search_for_what_is_not_quoted_finds_it() -> None:
    for spliced in ("f'SELECT {name}'", "f'FROM {name.strip()}'", "f'SELECT {\", \".join(names)}'"):
        (value,) = ast.parse(spliced).body
        assert isinstance(value, ast.Expr)
        assert not is_quoted(value.value, value, set())


NASTY = 'O\'Brien; DROP TABLE "x" --\x1b[31m\x07\x00\u202e\r\nend'
NASTY_SQL = "'" + NASTY.replace("'", "''").replace("\x00", "' || chr(0) || '") + "'"


@pytest.mark.parametrize("name", ["n", "[red]n[/red]\x1b]0;t\x07"])
def test_a_terminal_gets_nothing_that_it_would_obey(name: str) -> None:
    quoted = name.replace('"', '""')
    done = write(f'SELECT {NASTY_SQL} AS "{quoted}"')
    assert "O'Brien; DROP TABLE" in done.stdout
    assert terminal_safe(name) in done.stdout
    assert all(each.isprintable() or each == "\n" for each in done.stdout)


def test_an_error_does_not_reach_a_terminal_raw() -> None:
    done = run("query", "SELECT error(chr(155) || '31m' || chr(7) || 'x')", connection=OFFLINE)
    assert done.returncode == 1
    assert all(each.isprintable() or each == "\n" for each in done.stderr)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_program_gets_every_character(form: str, tmp_path: Path) -> None:
    done = write(f"SELECT {NASTY_SQL} AS n", form=form)
    if form == "json":
        assert json.loads(done.stdout) == [{"n": NASTY}]
    else:
        assert done.stdout == 'n\n"{}"\n'.format(NASTY.replace('"', '""'))
    target = tmp_path / f"o'clock; x.{form}"
    write(f"SELECT {NASTY_SQL} AS n", target)
    found = duckdb.sql(f"FROM '{str(target).replace(chr(39), chr(39) * 2)}'").fetchall()
    assert found == [(NASTY,)]


def test_parquet_keeps_every_character(tmp_path: Path) -> None:
    target = tmp_path / 'a "b"; c.parquet'
    write(f"SELECT {NASTY_SQL} AS n", target)
    assert duckdb.sql(f"FROM '{target}'").fetchall() == [(NASTY,)]


# Answers


PAGE = "time_entries page 3"


def decoded(body: str, table: str = "time_entries", columns: Sequence[str] = ("id", "hours")) -> Page:
    """The page in a body."""
    names = [name for name in columns if name in TABLES[table]]
    return Decoder(TABLES[table], names).decode(body.encode(), values={}, where=PAGE)


@pytest.mark.parametrize("hours", ["1.5", "1.00005"], ids=["fast", "exact"])
@pytest.mark.parametrize("record", ['{"hours": %s}', '{"id": null, "hours": %s}'])
def test_a_record_without_its_id_is_named(record: str, hours: str) -> None:
    with pytest.raises(DecodeError) as refused:
        decoded(f'{{"time_entries": [{{"id": 5}}, {record % hours}]}}')
    assert str(refused.value) == f"{PAGE}, record number 2: id is null, not a whole number of 64 bits"


def test_a_record_around_rows_needs_its_id_too() -> None:
    with pytest.raises(DecodeError, match="record number 1: invoice_id is null"):
        decoded('{"invoices": [{"line_items": [{"id": 1}]}]}', "invoice_line_items")


@pytest.mark.parametrize("columns", [["id", "hours"], [column.name for column in TABLES["time_entries"].columns]])
@pytest.mark.parametrize("depth", [90, 110, 990, 1_000_000])
def test_what_no_column_reads_is_skipped_however_deep_it_is(depth: int, columns: list[str]) -> None:
    """In Python, which reads what the fast ways cannot, depth would end the process in a thread."""
    body = f'{{"x": {"[" * depth}{"]" * depth}, "time_entries": [{{"id": 1, "hours": %s}}]}}'
    for hours in ("1.5", "1.00005"):
        assert decoded(body % hours, columns=columns).records == 1


def test_brackets_in_texts_do_not_nest() -> None:
    notes = "[" * 100_000
    assert decoded(f'{{"time_entries": [{{"id": 1, "notes": "{notes}"}}]}}').records == 1


def test_a_link_may_lead_to_no_page_that_came_before() -> None:
    first = Request("users", "https://a.example/v2/users", (("per_page", "5"),), Limit.GENERAL, Paging.CURSOR)
    second = next_request(first, "https://a.example/v2/users?cursor=b&per_page=5")
    again = next_request(second, "https://a.example/v2/users?per_page=5")
    came = {page_of(first), page_of(second)}
    refuse_repeat(next_request(second, "https://a.example/v2/users?cursor=c&per_page=5"), came)
    with pytest.raises(ProtocolError, match="users page 3: the link to it leads back to an earlier page"):
        refuse_repeat(again, came)
