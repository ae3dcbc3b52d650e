"""asyncpg, which prepares each query and reads binary values alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.real_postgres import client
from support.same_tables import select
from support.written_differences import ASYNCPG, hold_but

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from support.postgres_address import Address
    from support.written_differences import Difference

    from harvest_duck.sandbox import Sandbox


def both(
    ours: Address,
    theirs: Address,
    use: Callable[[Any], Awaitable[dict[str, list[str]]]],
    but: Sequence[Difference] = (),
) -> None:
    """Do the same with a connection to each server, and hold the answers against each other."""

    async def run(address: Address) -> dict[str, list[str]]:
        con = await client("asyncpg").connect(address.url)
        try:
            return await asyncio.wait_for(use(con), PATIENCE_S)
        finally:
            await con.close()

    hold_but(but, asyncio.run(run(ours)), asyncio.run(run(theirs)))


def test_every_table_has_the_same_rows(ours: Address, theirs: Address) -> None:
    async def rows(con: Any) -> dict[str, list[str]]:
        found = {}
        for name in TABLES:
            prepared = await con.prepare(select(name))
            types = [f"{attribute.name} {attribute.type.name}" for attribute in prepared.get_attributes()]
            found[name] = [repr(types), *sorted(repr(tuple(row)) for row in await prepared.fetch())]
        return found

    both(ours, theirs, rows)


#: Conditions on time entries whose parameters have no type, with their values.
_CONDITIONS: list[tuple[str, tuple[Any, ...]]] = [
    ("project_id = $1", (14307002,)),
    ("spent_date >= $1", (date(2026, 3, 1),)),
    ("spent_date BETWEEN $1 AND $2", (date(2026, 3, 1), date(2026, 6, 30))),
    ("updated_at < $1", (datetime(2026, 3, 1, 12, tzinfo=UTC),)),
    ("hours > $1", (Decimal("1.25"),)),
    ("billable = $1 AND is_billed = $2", (True, False)),
    ("notes LIKE $1", ("%e%",)),
    ("project_id IN ($1, $2)", (14307002, 5)),
    ("project_id = ANY($1)", ([14307002, 14307003],)),
    ("spent_date = $1::date", (date(2026, 3, 2),)),
    ("started_time > $1", (time(9),)),
    ("project_id > $1::bigint + 1", (5,)),
    ("lower(notes) = lower($1)", ("x",)),
    ("date_trunc('month', spent_date) = $1", (datetime(2026, 3, 1, tzinfo=UTC),)),
]
#: A value of each type, which comes back as it went.
_VALUES = {
    "text": 'O\'Brien "quoted" \\ 🚀 é\n',
    "bigint": 2**63 - 1,
    "integer": -(2**31),
    "smallint": 7,
    "numeric": Decimal("-12345678901234.5678"),
    "float8": 0.1,
    "real": 0.5,
    "date": date(2026, 3, 1),
    "timestamp": datetime(2026, 3, 1, 12, 30, 15, 250000),  # noqa: DTZ001 - a timestamp without a zone
    "timestamptz": datetime(2026, 3, 1, 12, 30, 15, 250000, tzinfo=UTC),
    "time": time(14, 59),
    "interval": timedelta(days=3, seconds=5),
    "boolean": True,
    "uuid": UUID("00112233-4455-6677-8899-aabbccddeeff"),
    "bytea": b"\x00\x01\xff'",
    "json": '{"a": [1, null]}',
    "bigint[]": [1, 2, None],
    "text[]": ["a", "b,c", None, 'd"e'],
    "date[]": [date(2026, 3, 1)],
}


def test_parameters_of_every_type(ours: Address, theirs: Address) -> None:
    async def parameters(con: Any) -> dict[str, list[str]]:
        found = {}
        for condition, values in _CONDITIONS:
            query = f"SELECT count(*) AS n FROM harvest.time_entries WHERE {condition}"
            prepared = await con.prepare(query)
            types = [kind.name for kind in prepared.get_parameters()]
            found[condition] = [repr(types), str(await prepared.fetchval(*values))]
        for kind, value in _VALUES.items():
            found[kind] = [repr(await con.fetchval(f"SELECT $1::{kind} AS v", value))]
            found[f"no {kind}"] = [repr(await con.fetchval(f"SELECT $1::{kind} AS v", None))]
        limited = "SELECT id FROM harvest.time_entries ORDER BY id LIMIT $1 OFFSET $2"
        found["LIMIT"] = [repr(await con.fetch(limited, 3, 2))]
        return found

    both(ours, theirs, parameters, ASYNCPG)


def test_cursors_transactions_and_settings(ours: Address, theirs: Address) -> None:
    async def use(con: Any) -> dict[str, list[str]]:
        found = {}
        async with con.transaction(readonly=True, isolation="repeatable_read"):
            cursor = await con.cursor("SELECT id FROM harvest.time_entries WHERE hours > $1 ORDER BY id", Decimal(1))
            found["fetch"] = [repr(await cursor.fetch(5)), repr(await cursor.forward(3)), repr(await cursor.fetchrow())]
            other = con.cursor("SELECT name FROM harvest.tasks ORDER BY name", prefetch=2)
            found["iterate"] = [repr([row async for row in other]), repr(await cursor.fetch(2))]
        error = client("asyncpg").PostgresError
        try:
            async with con.transaction():
                await con.fetch("SELECT nothing FROM harvest.clients")
        except error as raised:
            found["error"] = [f"{raised.sqlstate} {raised.position}"]
        await con.execute("SET TimeZone = 'Asia/Tokyo'")
        found["settings"] = [con.get_settings().TimeZone, await con.fetchval("SHOW TimeZone")]
        await con.reset()
        found["reset"] = [await con.fetchval("SHOW TimeZone"), str(con.get_server_version()[:1])]
        found["several"] = [repr(await con.execute("SELECT 1; SELECT 2"))]
        found["json"] = [repr(await con.fetchval("SELECT to_json(1)"))]
        return found

    both(ours, theirs, use)


def test_a_time_limit_ends_the_requests(ours: Address, account: Sandbox) -> None:
    async def run() -> int:
        con = await client("asyncpg").connect(ours.of("live").url)
        try:
            asking = asyncio.create_task(con.fetchval("SELECT sum(hours) FROM harvest.time_entries"))
            assert await asyncio.to_thread(waiting.arrived.wait, PATIENCE_S)
            asking.cancel()  # sends a request to cancel, as a time limit of its own does
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert await asyncio.to_thread(waiting.all_gone)
            return await con.fetchval("SELECT 1")
        finally:
            await con.close()

    with held(account) as waiting:
        assert asyncio.run(run()) == 1
