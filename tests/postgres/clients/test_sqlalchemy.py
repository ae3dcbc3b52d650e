"""SQLAlchemy's reflection, and pandas with it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.real_postgres import client
from support.same_tables import select
from support.told_apart import hold
from support.written_differences import SQLALCHEMY, hold_but

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres_address import Address


@contextmanager
def engine(address: Address, driver: str = "psycopg") -> Iterator[Any]:
    """An engine for a server, whose connections are closed at the end."""
    client(driver)
    where = f"{address.user}@{address.host}:{address.port}/{address.database}"
    made = client("sqlalchemy").create_engine(f"postgresql+{driver}://{where}")
    try:
        yield made
    finally:
        made.dispose()


def reflected(address: Address) -> dict[str, list[str]]:
    """Return what the inspector says of each table and view."""
    found = {}
    with engine(address) as made:
        inspector = client("sqlalchemy").inspect(made)
        found["schemas"] = inspector.get_schema_names()
        found["default"] = [inspector.default_schema_name]
        found["tables"] = sorted(inspector.get_table_names(schema="harvest"))
        found["views"] = sorted(inspector.get_view_names(schema="harvest"))
        found["own"] = sorted(inspector.get_table_names())
        for what in ("columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints", "table_comment"):
            kind = client("sqlalchemy.engine.reflection").ObjectKind.ANY
            each = getattr(inspector, f"get_multi_{what}")(schema="harvest", kind=kind)
            for (_, table), told in each.items():
                found[f"{what} {table}"] = list(map(repr, told)) if isinstance(told, list) else [repr(told)]
        found["has_table"] = [str(inspector.has_table(name, schema="harvest")) for name in ("clients", "nothing")]
    return found


def test_reflection_tells_what_it_tells_of_postgresql(ours: Address, theirs: Address) -> None:
    found, expected = reflected(ours), reflected(theirs)
    assert set(TABLES) <= set(found["tables"])
    hold(found, expected)


def test_pandas_reads_every_table_alike(ours: Address, theirs: Address) -> None:
    pandas = client("pandas")

    def read(address: Address) -> dict[str, list[str]]:
        found = {}
        with engine(address) as made, made.connect() as con:
            # With the tables that it refers to, and those that they refer to: each costs a dozen queries.
            frames = {"roles": pandas.read_sql_table("roles", con, schema="harvest")}
            for name in TABLES:
                frames[name] = pandas.read_sql_query(select(name), con)
            for name, frame in frames.items():
                rows = sorted(map(repr, frame.itertuples(index=False, name=None)))
                found[name] = [repr(dict(frame.dtypes)), *rows]
        return found

    hold(read(ours), read(theirs))


def test_expressions_with_parameters(ours: Address, theirs: Address) -> None:
    sql = client("sqlalchemy")

    def read(address: Address) -> dict[str, list[str]]:
        with engine(address) as made, made.connect() as con:
            entries = sql.Table("time_entries", sql.MetaData(), schema="harvest", autoload_with=con, resolve_fks=False)
            clients = sql.Table("clients", entries.metadata, schema="harvest", autoload_with=con, resolve_fks=False)
            month = sql.func.date_trunc("month", entries.c.spent_date)
            total = (
                sql.select(clients.c.name, month, sql.func.sum(entries.c.hours))
                .join(clients, clients.c.id == entries.c.client_id)
                .where(entries.c.billable.is_(True), entries.c.hours.between(1, 8), clients.c.name.ilike("%e%"))
                .group_by(clients.c.name, month)
                .order_by(clients.c.name, month)
                .limit(10)
            )
            some = sql.select(entries.c.id).where(entries.c.id.in_(sql.select(sql.func.min(entries.c.id))))
            return {
                "sums": [repr(tuple(row)) for row in con.execute(total)],
                "in": [repr(tuple(row)) for row in con.execute(some)],
            }

    found = read(ours)
    assert found["sums"]
    hold_but(SQLALCHEMY, found, read(theirs))


def test_asyncpg_below_it(ours: Address, theirs: Address) -> None:
    asyncio = pytest.importorskip("asyncio")
    client("asyncpg")
    pytest.importorskip("greenlet")
    sql = client("sqlalchemy")
    made_of = client("sqlalchemy.ext.asyncio").create_async_engine

    async def read(address: Address) -> list[Any]:
        made = made_of(f"postgresql+asyncpg://{address.user}@{address.host}:{address.port}/{address.database}")
        try:
            async with made.connect() as con:
                names = await con.run_sync(lambda sync: sorted(sql.inspect(sync).get_table_names()))
                rows = await con.execute(sql.text("SELECT name FROM clients WHERE id > :id ORDER BY id"), {"id": 5})
                return [names, [tuple(row) for row in rows]]
        finally:
            await made.dispose()

    assert asyncio.run(read(ours)) == asyncio.run(read(theirs))
