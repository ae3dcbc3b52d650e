"""`harvest://` in SQLAlchemy: what it reflects, what a query sends, and what its connections share."""

from __future__ import annotations

import os
import threading
from datetime import date, datetime, time
from decimal import Decimal
from importlib.metadata import entry_points
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest
from support.asked import asked
from support.clients import client

import harvest_duck
from harvest_duck.catalog.model import ListOf
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import ConnectionStringError, Forbidden, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

sa = client("sqlalchemy")
exc = client("sqlalchemy.exc")
MULTI = (
    "columns",
    "pk_constraint",
    "foreign_keys",
    "indexes",
    "unique_constraints",
    "check_constraints",
    "table_comment",
    "table_options",
)


def engine_of(connection: str, **options: Any) -> Any:
    """An engine whose URL is the shortest, and which has the connection string beside it."""
    return sa.create_engine("harvest://", connect_args={"connection": connection, **options})


@pytest.fixture(scope="module")
def metadata(shared_engine: Any) -> Any:
    """The tables as they are reflected."""
    found = sa.MetaData()
    found.reflect(shared_engine)
    return found


def rows(engine: Any, query: Any, parameters: Any = None) -> list[Any]:
    with engine.connect() as con:
        return con.execute(sa.text(query) if isinstance(query, str) else query, parameters).all()


def test_the_dialect_is_found_by_its_name() -> None:
    (found,) = entry_points(group="sqlalchemy.dialects", name="harvest")
    assert sa.create_engine("harvest://acme").dialect.__class__ is found.load()
    # Superset, which is not installed, finds its part by a name too.
    (found,) = entry_points(group="superset.db_engine_specs", name="harvest")
    assert f"class {found.attr}(" in Path(find_spec(found.module).origin).read_text("utf-8")


def test_reflection_tells_the_tables_and_sends_nothing(engine: Any, sandbox: Sandbox) -> None:
    inspector = sa.inspect(engine)
    assert inspector.get_schema_names() == ["main"]
    assert inspector.default_schema_name == "main"
    for schema in (None, "main", "harvest", "harvest.main", "HARVEST"):
        assert inspector.get_table_names(schema) == list(TABLES)
        assert inspector.has_table("clients", schema)
        assert inspector.get_view_names(schema) == []
    assert inspector.get_table_names("elsewhere") == []
    assert not inspector.has_table("clients", "elsewhere")
    assert not inspector.has_table("utilization")
    with pytest.raises(exc.NoSuchTableError):
        inspector.get_columns("clients", "elsewhere")
    for what in MULTI:
        found = getattr(inspector, f"get_multi_{what}")()
        assert set(found) == {(None, name) for name in TABLES}
        assert found == {(None, name): getattr(inspector, f"get_{what}")(name) for name in TABLES} or what == "columns"
    assert asked(sandbox) == []


def test_tables_have_columns_comments_and_keys(metadata: Any) -> None:
    assert set(metadata.tables) == set(TABLES)
    for name, table in TABLES.items():
        reflected = metadata.tables[name]
        assert reflected.comment == table.description
        assert [(column.name, column.comment) for column in reflected.columns] == [
            (column.name, column.description) for column in table.columns
        ]
        assert tuple(reflected.primary_key.columns.keys()) == table.key
        assert {(key.parent.name, key.target_fullname) for key in reflected.foreign_keys} == {
            (column.name, column.references) for column in table.columns if column.references
        }


def test_every_table_can_be_selected_by_its_names(engine: Any, metadata: Any, sandbox: Sandbox) -> None:
    with engine.connect() as con:
        for table, schema in zip(metadata.tables.values(), cycle((None, "main", "harvest", "harvest.main"))):
            copy = table.to_metadata(sa.MetaData(), schema=schema)
            con.exec_driver_sql(f"EXPLAIN {sa.select(copy).compile(engine)}")
    assert asked(sandbox) == []


def test_each_type_of_the_catalog_is_one_of_sqlalchemy(engine: Any, metadata: Any) -> None:
    columns = [(metadata.tables[name].c[each.name], each) for name, table in TABLES.items() for each in table.columns]
    written = {each.type.sql: column.type.compile(dialect=engine.dialect) for column, each in columns}
    for sql, type_ in written.items():
        ((_, described, *_),) = duckdb.execute(f"SELECT CAST(NULL AS {type_})").description
        # DuckDB quotes the names of fields that are words of SQL.
        assert str(described).replace('"', "") == sql
    assert {type(each.type): column.type.python_type for column, each in columns}[ListOf] is list
    # pandas changes types, and must not change those of other columns.
    assert len({id(column.type) for column, _ in columns}) == len(columns)


def test_values_come_as_their_types_promise(engine: Any, metadata: Any) -> None:
    entry = metadata.tables["time_entries"]
    columns = [
        entry.c[name] for name in ("id", "spent_date", "hours", "created_at", "started_time", "is_billed", "notes")
    ]
    with engine.connect() as con:
        found = con.execute(sa.select(*columns).where(entry.c.spent_date == date(2026, 11, 3))).first()
        third = con.execute(sa.select(entry.c.hours / 3, sa.cast(entry.c.hours / 3, sa.Numeric)).limit(1)).first()
        invoice = metadata.tables["invoices"]
        items = con.execute(sa.select(invoice.c.line_items, invoice.c.line_items[1]["amount"])).first()
        user = metadata.tables["users"]
        roles = con.execute(sa.select(user.c.roles).where(user.c.roles.contains(["Design"]))).scalars().all()
    assert [type(value) for value in found[:-1]] == [int, date, Decimal, datetime, time, bool]
    assert found.created_at.tzinfo is not None
    assert [type(value) for value in third] == [Decimal, Decimal]
    assert items[1] == items[0][0]["amount"]
    assert isinstance(items[1], Decimal)
    assert roles
    assert all("Design" in each for each in roles)


@pytest.mark.parametrize(
    ("condition", "sent"),
    [
        (lambda t: t.spent_date >= date(2026, 11, 1), "from=2026-11-01"),
        (lambda t: t.spent_date >= "2026-11-01", "from=2026-11-01"),
        (lambda t: t.spent_date.between(date(2026, 11, 1), date(2026, 11, 5)), "from=2026-11-01&to=2026-11-05"),
        (
            lambda t: sa.and_(t.spent_date >= date(2026, 11, 1), t.is_billed == sa.false()),
            "from=2026-11-01&is_billed=false",
        ),
        (lambda t: sa.and_(~t.is_billed, t.spent_date >= date(2026, 11, 1)), "from=2026-11-01&is_billed=false"),
        (
            lambda t: sa.and_(t.is_billed.is_(False), t.spent_date >= date(2026, 11, 1)),
            "from=2026-11-01&is_billed=false",
        ),
        (lambda t: t.is_running, "is_running=true"),
        (lambda t: sa.and_(t.spent_date > date(2026, 11, 1), sa.not_(t.is_billed.is_(True))), "from=2026-11-02"),
        (lambda t: sa.and_(t.spent_date >= date(2026, 11, 1), t.hours > Decimal("1.5")), "from=2026-11-01"),
        (
            lambda t: t.updated_at >= datetime.fromisoformat("2026-11-19T00:00:00+00:00"),
            "updated_since=2026-11-18T23:59:59Z",
        ),
    ],
)
def test_bound_parameters_are_sent_in_one_request(
    condition: Any, sent: str, engine: Any, metadata: Any, sandbox: Sandbox
) -> None:
    entry = metadata.tables["time_entries"]
    found = rows(engine, sa.select(sa.func.count(entry.c.id)).where(condition(entry.c)))
    (request,) = asked(sandbox)
    assert request.startswith("/time_entries?")
    assert sorted(request.partition("?")[2].replace("%3A", ":").split("&")) == sorted(sent.split("&"))
    literal = sa.select(sa.func.count(entry.c.id)).where(condition(entry.c))
    assert found == rows(engine, str(literal.compile(engine, compile_kwargs={"literal_binds": True})))
    assert found[0][0] > 0


def test_an_expression_with_a_parameter_groups(engine: Any, metadata: Any) -> None:
    entry = metadata.tables["time_entries"]
    month = sa.func.date_trunc("month", entry.c.spent_date)
    query = sa.select(month, sa.func.sum(entry.c.hours)).group_by(month).order_by(month).limit(2).offset(1)
    assert len(rows(engine, query)) == 2


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (lambda: sa.literal("abc").regexp_match("b"), True),
        (lambda: ~sa.literal("abc").regexp_match("b"), False),
        (lambda: sa.literal("ABC").regexp_match("b", "i"), True),
        (lambda: sa.cast(Decimal("1.23456"), sa.Numeric), Decimal("1.23456")),
        (lambda: sa.cast(Decimal("1.5"), sa.Numeric(6, 1)), Decimal("1.5")),
        (lambda: sa.cast(0.1, sa.Float), 0.1),
        (lambda: sa.try_cast("x", sa.Integer), None),
        (lambda: sa.null().is_(sa.true()), False),
        (lambda: sa.literal(None).is_(None), True),
        (lambda: sa.literal(7) / 2, Decimal("3.5")),
        (lambda: sa.literal(7) // sa.literal(2), 3),
        (lambda: sa.literal({"a": [1]}, sa.JSON), {"a": [1]}),
        (lambda: sa.literal("a\\b'c", literal_execute=True), "a\\b'c"),
        (lambda: sa.literal("100%").concat(":x"), "100%:x"),
    ],
)
def test_sql_means_in_duckdb_what_sqlalchemy_means(expression: Any, expected: object, engine: Any) -> None:
    ((found,),) = rows(engine, sa.select(expression()))
    assert found == expected
    assert type(found) is type(expected)


def test_a_ready_view_is_a_function(engine: Any, sandbox: Sandbox) -> None:
    utilization = sa.func.harvest.utilization("2026-10-05", "2026-10-09").table_valued("user_name", "hours")
    assert rows(engine, sa.select(utilization.c.user_name, utilization.c.hours))
    assert "/time_entries?from=2026-10-05&to=2026-10-09" in asked(sandbox)


def test_a_pivot_names_its_columns(engine: Any) -> None:
    pivot = "PIVOT (SELECT currency, is_active FROM clients) ON currency {} USING count(*)"
    assert rows(engine, pivot.format("IN ('EUR', 'USD')"))
    with engine.connect() as con, pytest.raises(exc.NotSupportedError, match="name the columns of a PIVOT"):
        con.exec_driver_sql(pivot.format(""))


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE t (a INT)", "CREATE TEMP TABLE t (a INT)", "INSERT INTO clients VALUES (1)", "DROP VIEW clients",
     "COPY (SELECT 1) TO 'file.csv'", "SELECT 1; DELETE FROM clients"],
)  # fmt: skip
def test_what_writes_is_refused_in_one_line(statement: str, engine: Any) -> None:
    with engine.connect() as con, pytest.raises(exc.NotSupportedError) as failure:
        con.exec_driver_sql(statement)
    assert str(failure.value.orig).startswith("harvest:// only reads, and ")
    assert "\n" not in str(failure.value.orig)


def test_an_error_of_harvest_is_its_line(engine: Any, sandbox: Sandbox) -> None:
    with engine.connect() as con:
        with pytest.raises(exc.ProgrammingError) as failure:
            con.execute(sa.text("SELECT * FROM report_time_clients"))
        assert isinstance(failure.value.orig.__cause__, QueryError)
        assert str(failure.value.orig) == str(failure.value.orig.__cause__)
        # The connection is as good as before.
        assert con.execute(sa.text("SELECT count(*) FROM roles")).scalar_one() > 0
        sandbox.respond_next("/v2/clients", status=403, body={"message": "Not authorized!"})
        with pytest.raises(exc.OperationalError) as refused:
            con.execute(sa.text("SELECT * FROM clients")).all()
    assert isinstance(refused.value.orig.__cause__, Forbidden)
    assert "\n" not in str(refused.value.orig)


def test_each_cursor_keeps_its_rows(engine: Any, sandbox: Sandbox) -> None:
    with engine.connect() as con:
        every = con.execute(sa.text("SELECT id FROM time_entries")).scalars().all()
        reading = con.execute(sa.text("SELECT id FROM time_entries"))
        first = [reading.fetchone()[0], *(row[0] for row in reading.fetchmany(2))]
        assert con.execute(sa.text("SELECT 42")).all() == [(42,)]
        with pytest.raises(exc.ProgrammingError):
            con.execute(sa.text("SELECT no_such_column FROM clients"))
        rest = reading.scalars().all()
        assert sorted(first + rest) == sorted(every)
        assert len(every) == 2500
        con.execute(sa.text("SELECT id FROM time_entries")).fetchone()
        con.rollback()
        assert con.execute(sa.text("SELECT 43")).scalar_one() == 43
        assert con.exec_driver_sql("COMMIT").returns_rows is False


def test_the_token_is_shown_nowhere(sandbox: Sandbox) -> None:
    token = "t0ken-that-nobody-may-see"
    url = sa.URL.create("harvest", username="123456", password=token)
    engine = sa.create_engine(url)
    shown = f"{url} {url!r} {engine} {engine!r} {engine.dialect!r} {engine.pool!r}"
    assert "t0ken" not in shown
    assert "harvest://123456:***@" in shown
    with pytest.raises(ConnectionStringError, match="APIKey in the query would be shown"):
        sa.create_engine(f"harvest:///?APIKey={token}")


@pytest.fixture(scope="module")
def one_door(agency: Sandbox) -> Iterator[Any]:
    """An engine for SQL that others write, made by its URL alone."""
    properties = harvest_duck.connection.parse(agency.connection_string())
    account, token = properties.pop("AccountId"), properties.pop("APIKey")
    url = sa.URL.create("harvest", account, token, query=properties)
    engine = sa.create_engine(url, connect_args={"only_attached": True})
    yield engine
    engine.dispose()


def test_an_engine_with_one_door_reads_what_is_attached(one_door: Any, sandbox: Sandbox, names: list[str]) -> None:
    assert [name for (name,) in rows(one_door, "SELECT name FROM clients ORDER BY id")] == names
    assert rows(one_door, "FROM harvest.utilization('2026-10-05', '2026-10-09')")
    with one_door.connect() as con, one_door.connect() as other:
        harvest_duck.attach(con, sandbox.connection_string(), name="beta")
        assert other.execute(sa.text("SELECT count(*) FROM beta.clients")).scalar_one() == len(names)
        con.execute(sa.text("EXPLAIN SELECT * FROM beta.clients"))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM harvest_scan('clients', 'DSN=sandbox')",
        "SELECT * FROM harvest_get('/clients', conn := 'DSN=sandbox')",
        "SELECT * FROM harvest_explain('FROM harvest_scan(''clients'', ''DSN=sandbox'')')",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "SELECT * FROM read_text('https://example.invalid/')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM harvest_duck_table_of_python",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'own.csv'",
        "SELECT 1; SET python_enable_replacements = true",
        "SET enable_external_access = true",
        "RESET python_enable_replacements",
        "ATTACH 'own.duckdb'",
        "DETACH harvest",
        "USE memory",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CALL pragma_version()",
        "CREATE MACRO harvest_scan(tbl) AS TABLE SELECT 1",
        "/* /* PIVOT */ */ CREATE TABLE own AS SELECT 1",
        "CREATE TABLE own AS PIVOT (SELECT 1 AS a) ON a USING count(*)",
        "PREPARE own AS SELECT 1",
    ],
)
def test_one_door_is_the_only_one(statement: str, one_door: Any, sandbox: Sandbox) -> None:
    harvest_duck_table_of_python = pa.table({"secret": [1]})  # noqa: F841 - DuckDB finds variables by their names
    with one_door.connect() as con, pytest.raises(exc.DBAPIError):
        con.exec_driver_sql(statement).all()
    assert asked(sandbox) == []


def test_connections_of_the_pool_share_a_database_until_it_is_disposed_of(
    connection: str, sandbox: Sandbox, names: list[str]
) -> None:
    engine = engine_of(connection)
    with engine.connect() as first, engine.connect() as second:
        assert first.connection.dbapi_connection is not second.connection.dbapi_connection
        harvest_duck.attach(first, connection, name="our beta.2")
        for con in (first, second):
            assert sa.inspect(con).get_schema_names() == ["main", '"our beta.2"']
            beta = sa.Table("clients", sa.MetaData(), schema='"our beta.2"', autoload_with=con)
            assert con.execute(sa.select(beta.c.name).order_by(beta.c.id)).scalars().all() == names
    engine.dispose()
    # Another database, which has what the engine was made for alone.
    assert sa.inspect(engine).get_schema_names() == ["main"]
    engine.dispose()


def test_threads_have_connections_of_their_own(engine: Any) -> None:
    counts: list[int] = []
    together = threading.Barrier(4)

    def count() -> None:
        with engine.connect() as con:
            together.wait()
            counts.append(con.execute(sa.text("SELECT count(*) FROM time_entries")).scalar_one())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [2500] * 4


def in_child(used: Any) -> bool:
    """Whether a connection of the parent is refused and closed in a child."""
    with pytest.raises(exc.DBAPIError, match="take another one from the engine"):
        used.execute(sa.text("SELECT 1"))
    used.close()
    used.engine.dispose()
    return True


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_process_takes_no_connection_of_its_parent(connection: str, sandbox: Sandbox, names: list[str]) -> None:
    engine = engine_of(connection)
    count = "SELECT count(*) FROM clients"
    assert rows(engine, count) == [(len(names),)]
    used = engine.connect()
    child = os.fork()
    if child == 0:
        os._exit(0 if rows(engine, count) == [(len(names),)] and in_child(used) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert used.execute(sa.text(count)).scalar_one() == len(names)
    used.close()
    assert rows(engine, count) == [(len(names),)]
    engine.dispose()


def test_an_engine_of_several_accounts_has_the_account_in_its_keys(connection: str, sandbox: Sandbox) -> None:
    several = engine_of(connection.replace("AccountId=1000001", "AccountId=1000001,1000002"))
    inspector = sa.inspect(several)
    assert inspector.get_pk_constraint("clients")["constrained_columns"] == ["id", "account_id"]
    keys = {tuple(key["constrained_columns"]): key for key in inspector.get_foreign_keys("projects")}
    assert keys["client_id", "account_id"]["referred_columns"] == ["id", "account_id"]
    assert keys["account_id",]["referred_table"] == "accounts"
    several.dispose()
    assert asked(sandbox) == []


def test_functions_of_harvest_duck_take_a_connection(engine: Any) -> None:
    with engine.connect() as con:
        assert harvest_duck.explain("SELECT * FROM clients", con, probe=False).num_rows == 1
        con.execute(sa.text("SELECT count(*) FROM roles")).all()
        assert harvest_duck.progress(con).num_rows == 0
        harvest_duck.interrupt(con)
