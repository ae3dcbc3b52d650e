"""What stands on SQLAlchemy reads by `harvest://`: pandas, the ORM, Alembic, and what Superset asks."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from support.asked import asked
from support.clients import client

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

sa = client("sqlalchemy")
exc = client("sqlalchemy.exc")
automap = client("sqlalchemy.ext.automap")
orm = client("sqlalchemy.orm")
NOVEMBER = "/time_entries?from=2026-11-01"


@pytest.fixture(scope="module")
def classes(shared_engine: Any) -> Any:
    """The classes that automap makes."""
    base = automap.automap_base()
    base.prepare(autoload_with=shared_engine)
    return base.classes


def test_pandas_reads_tables_and_queries(engine: Any, sandbox: Sandbox, names: list[str]) -> None:
    pandas = client("pandas")
    clients = pandas.read_sql_table("clients", engine)
    assert sorted(clients["name"]) == sorted(names)
    assert str(clients["created_at"].dtype.tz) == "UTC"
    hours = pandas.read_sql_table("time_entries", engine, schema="main", columns=["hours"])
    assert str(hours["hours"].dtype) == "float64"
    exact = pandas.read_sql_query("SELECT hours FROM time_entries", engine, coerce_float=False)
    assert {type(value) for value in exact["hours"]} == {Decimal}
    sandbox.clear_log()
    query = "SELECT client_name, sum(hours) FROM time_entries WHERE spent_date >= $1 GROUP BY ALL"
    assert len(pandas.read_sql_query(query, engine, params=(date(2026, 11, 1),)))
    named = sa.text(query.replace("$1", ":day"))
    assert len(pandas.read_sql_query(named, engine, params={"day": date(2026, 11, 1)}))
    assert asked(sandbox) == [NOVEMBER] * 2
    parts = pandas.read_sql_query("SELECT id FROM time_entries", engine, chunksize=1000)
    assert [len(part) for part in parts] == [1000, 1000, 500]
    with pytest.raises(exc.NotSupportedError, match="only reads"):
        clients.to_sql("copy", engine)


def test_automap_follows_keys(engine: Any, classes: Any, sandbox: Sandbox) -> None:
    assert {each.__name__ for each in classes} == {name for name, table in TABLES.items() if table.key}
    with orm.Session(engine) as session:
        query = sa.select(classes.projects).order_by(classes.projects.id).limit(2)
        projects = session.scalars(query).all()
        sandbox.clear_log()
        assert all(project.clients.id == project.client_id for project in projects)
        # The client of each project is retrieved when it is first read.
        assert {path.rpartition("/")[0] for path in asked(sandbox)} == {"/clients"}
        assert session.get(classes.clients, projects[0].client_id) is projects[0].clients
        assert asked(sandbox)[2:] == []
    with orm.Session(engine) as session:
        entry = classes.time_entries
        joined = sa.select(entry).join(entry.projects).where(entry.spent_date >= date(2026, 11, 1))
        entries = session.scalars(joined.options(orm.contains_eager(entry.projects)).execution_options(yield_per=50))
        assert all(each.projects.id == each.project_id for each in entries)


def test_the_orm_writes_nothing(engine: Any, classes: Any, sandbox: Sandbox) -> None:
    with orm.Session(engine) as session:
        session.add(classes.clients(id=1, name="A client"))
        with pytest.raises(exc.NotSupportedError, match="INSERT is refused"):
            session.commit()
    for statement in (sa.update(classes.clients).values(name=""), sa.delete(classes.clients)):
        with orm.Session(engine) as session, pytest.raises(exc.NotSupportedError, match="only reads"):
            session.execute(statement)
    with pytest.raises(exc.NotSupportedError, match="CREATE is refused"):
        sa.Table("own", sa.MetaData(), sa.Column("id", sa.Integer)).create(engine)
    assert asked(sandbox) == []


def test_alembic_compares_and_changes_nothing(connection: str, sandbox: Sandbox) -> None:
    migration = client("alembic.runtime.migration")
    operations = client("alembic.operations")
    compare = client("alembic.autogenerate").compare_metadata
    engine = sa.create_engine("harvest://", connect_args={"connection": connection})
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as con:
        context = migration.MigrationContext.configure(con, opts={"compare_type": True})
        assert compare(context, metadata) == []
        with pytest.raises(exc.NotSupportedError, match="ALTER is refused"):
            operations.Operations(context).add_column("clients", sa.Column("colour", sa.String))
        with pytest.raises(exc.NotSupportedError, match="CREATE is refused"):
            context.stamp(client("alembic.script").ScriptDirectory("."), "head")
    engine.dispose()
    assert asked(sandbox) == []


def test_what_superset_asks_of_the_dialect(engine: Any, sandbox: Sandbox) -> None:
    # superset/models/core.py, superset/db_engine_specs/base.py and superset/connectors/sqla/utils.py of Superset 6.1.0.
    inspector, table = sa.inspect(engine), ("time_entries", "main")
    assert engine.url.get_backend_name() == engine.dialect.name == "harvest"
    assert engine.dialect.driver == "duckdb"
    assert inspector.default_schema_name in inspector.get_schema_names()
    assert set(inspector.get_table_names("main")) == set(TABLES)
    assert set(inspector.get_view_names("main")) == set()
    with engine.connect() as con:
        assert engine.dialect.get_view_names(connection=con, schema="main") == []
    assert inspector.has_table(*table)
    assert inspector.get_table_comment(*table)["text"]
    assert inspector.get_pk_constraint(*table)["constrained_columns"] == ["id"]
    assert inspector.get_indexes(*table) == []
    assert {key["referred_schema"] for key in inspector.get_foreign_keys(*table)} == {"main"}
    types = {column["name"]: column["type"].compile(engine.dialect) for column in inspector.get_columns(*table)}
    assert types["spent_date"] == "DATE"
    assert types["hours"] == "DECIMAL(18, 4)"
    assert types["created_at"] == "TIMESTAMP WITH TIME ZONE"
    quote = engine.dialect.identifier_preparer
    assert f"{quote.quote_schema('main')}.{quote.quote('time_entries')}" == "main.time_entries"
    with closing(engine.raw_connection()) as raw:
        assert engine.dialect.do_ping(raw.dbapi_connection)
    assert asked(sandbox) == []


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT\n  *\nFROM main.time_entries\nLIMIT 100", "/time_entries"),
        ("SELECT COUNT(*) AS n FROM (SELECT * FROM main.clients) AS virtual_table LIMIT 1000", "/clients"),
        (
            "SELECT sum(hours) AS h FROM (SELECT * FROM main.time_entries WHERE spent_date >= '2026-11-01'\n) AS x",
            NOVEMBER,
        ),
        (
            (
                "SELECT DATE_TRUNC('month', spent_date) AS __timestamp, client_name AS client_name, sum(hours) AS h \n"
                "FROM main.time_entries \nWHERE spent_date >= '2026-10-01 00:00:00.000000' AND spent_date < "
                "'2026-11-01 00:00:00.000000' GROUP BY client_name, DATE_TRUNC('month', spent_date) \n LIMIT 10"
            ),
            "/time_entries?from=2026-10-01&to=2026-10-31",
        ),
        (
            (
                "SELECT DISTINCT client_name AS name FROM main.time_entries WHERE spent_date >= '2026-11-01' AND "
                "client_name IS NOT NULL ORDER BY client_name ASC LIMIT 10"
            ),
            NOVEMBER,
        ),
    ],
)
def test_what_superset_queries(sql: str, sent: str, engine: Any, sandbox: Sandbox) -> None:
    with closing(engine.raw_connection()) as raw:
        cursor = raw.cursor()
        cursor.execute(sql)
        description = cursor.description
        assert cursor.fetchall()
        # Superset sets it again.
        cursor.description = description
        assert [name for name, *_ in description]
        cursor.close()
    assert set(asked(sandbox)) <= {sent, "/time_entries?page=2"}
