"""Random queries over a memory that holds any part of a table: the rows of Harvest, for no more requests than without.

Queries follow each other, so that each leaves the memory in another state. Where the account changes meanwhile, the
oracle is the account as it was after each change: a row is one that its record had since the memory was empty, a record
comes once, and one that fitted all the time does come.
"""

from __future__ import annotations

import random
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.account_changes import WEIGHTS
from support.asked import asked
from support.clocks import Clock as RequestClock
from support.histories import Clock, History, agency
from support.run_size import share
from support.sandbox_rows import rows_of

import harvest_duck
from harvest_duck.cache import memory
from harvest_duck.cache.coverage import place_of
from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.model import BIGINT, BOOLEAN, VARCHAR, Match, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import ProtocolError
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

pytestmark = pytest.mark.takes_a_share

#: Lists of days, one whose rows are in the records of another, children, and lists without days.
QUERIED = (
    "time_entries",
    "expenses",
    "time_entries",
    "invoices",
    "time_entries",
    "invoice_line_items",
    "invoice_payments",
    "projects",
)
STILL, CHANGING, RESTLESS = range(share(14)), range(share(22)), range(share(14))

TOLERANCE_S = 600
#: So few records that parts of a list are worth keeping; fewer where only that matters.
PAGE_SIZE, SMALL = 40, 8


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def account(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An account of a few hundred records, and an empty memory."""
    monkeypatch.setattr(pool(), "clock", RequestClock())
    memory.clear()
    with agency(clock) as running:
        yield running
    memory.clear()


class Queries:
    """Random queries of an account, which are asked of Harvest and of the memory."""

    def __init__(self, sandbox: Sandbox, seed: int, page_size: int = PAGE_SIZE) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - drawn from a seed
        self._sandbox = sandbox
        self._live = f"{sandbox.connection_string()};RateLimit=off"
        self._pages = f";Pagesize={page_size}"
        self._whole: pa.Table | None = None
        #: The table that is asked for; one of them, so that queries meet.
        self.name = QUERIED[seed % len(QUERIED)]
        table = TABLES[self.name]
        self._narrowing = [param.column for param in table.params if param.match is not Match.SINCE]
        self._narrowing += [] if table.parent is None else [table.parent.param]
        self.columns = list(dict.fromkeys([*self._narrowing, "id", "account_id", *self._rest(table)]))

    @staticmethod
    def _rest(table: Table) -> list[str]:
        """Return some columns that a change may touch."""
        return [each for each in ("updated_at", "notes", "hours", "amount", "name") if each in table]

    def live(self, keep: pc.Expression | None = None) -> pa.Table:
        """Return the rows that Harvest has."""
        return harvest_duck.scan(self.name, self._live + self._pages, columns=self.columns, filter=keep).read_all()

    def stored(self) -> pa.Table:
        """Return the rows that are stored, without a request."""
        table = TABLES[self.name]
        names = [column.name for column in table.columns]
        found = [dict(zip(names, row, strict=True)) for row in rows_of(table, self._sandbox, MAIN_ID)]
        return pa.Table.from_pylist(found, schema_of(table)).select(self.columns)

    def cached(self, keep: pc.Expression | None, tolerance_s: float = TOLERANCE_S) -> pa.Table:
        """Return the rows from memory, as far as it has them."""
        connection = f"{self._live}{self._pages};CacheLocation=:memory:;CacheTolerance={tolerance_s}"
        return harvest_duck.scan(self.name, connection, columns=self.columns, filter=keep).read_all()

    def draw(self) -> pc.Expression | None:
        """Return a filter that narrows requests, more or less."""
        along = place_of(TABLES[self.name])
        chosen = [] if along is None or self.rng.random() < 0.05 else [along]
        chosen += self.rng.sample([*self._narrowing, "id"], self.rng.choice((0, 0, 0, 0, 0, 1, 2)))
        terms = [self._term(name) for name in chosen]
        if self.rng.random() < 0.2:
            terms.append(pc.field("id") > self.rng.choice(self._pool("id")))
        if len(terms) == 2 and self.rng.random() < 0.15:
            return reduce(or_, terms)
        return reduce(and_, terms) if terms else None

    def _term(self, name: str) -> pc.Expression:
        known, field = self._pool(name), pc.field(name)
        kind = TABLES[self.name].column(name).type
        if kind in (BIGINT, BOOLEAN, VARCHAR):
            values = self.rng.sample(known, min(len(known), self.rng.choice((1, 1, 2, 3))))
            return field.isin(pa.array(values, schema_of(TABLES[self.name]).field(name).type))
        # A few days in order, so that ranges meet; those of some queries follow each other.
        ends = known[:: -(-len(known) // 12)]
        first = self.rng.randrange(len(ends))
        low, high = ends[first], ends[min(first + self.rng.choice((1, 2, 3, 5)), len(ends) - 1)]
        within = [(field >= low) & (field < high), (field > low) & (field <= high)]
        return self.rng.choice([*within * 6, field >= low, field <= high, field == low])

    def _pool(self, name: str) -> list[Any]:
        """Return the values that a column of the account had at first."""
        if self._whole is None:
            self._whole = self.stored()
        values = self._whole[name].unique().drop_null().to_pylist()
        return sorted(values) or [self._whole.schema.field(name).type == pa.bool_()]


def rows(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))


@pytest.mark.parametrize("seed", STILL)
def test_a_memory_answers_as_harvest_does(seed: int, account: Sandbox) -> None:
    queries = Queries(account, seed)
    for _ in range(6):
        keep = queries.draw()
        account.clear_log()
        wanted = queries.live(keep)
        live = asked(account)
        account.clear_log()
        found = queries.cached(keep)
        assert rows(found) == rows(wanted), (queries.name, keep)
        assert found.schema == wanted.schema
        assert len(asked(account)) <= len(live), (queries.name, keep, asked(account), live)
        account.clear_log()
        assert rows(queries.cached(keep)) == rows(wanted), (queries.name, keep)
        assert not asked(account), (queries.name, keep)


@pytest.mark.parametrize("seed", STILL)
def test_an_empty_memory_costs_the_requests_of_harvest(seed: int, account: Sandbox) -> None:
    queries = Queries(account, 1000 + seed)
    for _ in range(4):
        keep = queries.draw()
        account.clear_log()
        queries.live(keep)
        live = asked(account, per_page=True)
        account.clear_log()
        memory.clear()
        queries.cached(keep)
        assert sorted(asked(account, per_page=True)) == sorted(live), (queries.name, keep)


class Versions:
    """What each record was while what is held was read."""

    def __init__(self, queries: Queries, time: RequestClock) -> None:
        self._queries, self._time = queries, time
        #: Each with the moment since when there is another one.
        self._versions: list[tuple[float, pa.Table]] = []
        self._now = queries.stored()

    def note(self) -> None:
        """Note the account as it is now."""
        self._versions.append((self._time.now(), self._now))
        self._now = self._queries.stored()

    def now(self, keep: pc.Expression | None) -> list[str]:
        """Return the rows of the account as it is now."""
        return rows(self._now if keep is None else self._now.filter(keep))

    def refuse(self, keep: pc.Expression | None, found: pa.Table) -> None:
        """Fail if the rows are not of records as they were, each once, with all that fitted all the time."""
        said, oldest = (self._queries.name, keep), self._time.now() - TOLERANCE_S
        versions = [self._now, *(table for replaced, table in self._versions if replaced >= oldest)]
        fitting = [each if keep is None else each.filter(keep) for each in versions]
        assert set.intersection(*({*_keys(each)} for each in fitting)) <= {*_keys(found)}, said
        assert len(found) == len({*_keys(found)}) == len(found if keep is None else found.filter(keep)), said
        assert {*rows(found)} <= {*rows(pa.concat_tables(versions))}, said


def _keys(table: pa.Table) -> list[int]:
    return table["id"].to_pylist()


@pytest.mark.parametrize("seed", CHANGING)
def test_a_memory_of_a_changing_account_answers_with_what_was(seed: int, account: Sandbox, clock: Clock) -> None:
    queries, history = Queries(account, seed, SMALL), History(seed, account.account(MAIN_ID), clock)
    time = cast("RequestClock", pool().clock)
    versions = Versions(queries, time)
    for _ in range(10):
        keep = queries.draw()
        versions.refuse(keep, queries.cached(keep))
        if queries.rng.random() < 0.2:
            assert rows(queries.cached(keep, 0)) == versions.now(keep), (queries.name, keep)
        history.changes(queries.rng.choice((0, 1, 3)))
        versions.note()
        clock.go(seconds=10)
        time.moment += queries.rng.choice((0, 0, TOLERANCE_S / 4))


#: Changes that a scan proves itself complete against: of what Harvest says when it was updated.
TOLD = ("_track", "_edit_time", "_move_day", "_move_project", "_delete_time", "_spend", "_edit_invoice", "_offer")


@pytest.mark.parametrize("seed", RESTLESS)
def test_a_memory_answers_with_what_was_while_the_account_changes(
    seed: int, account: Sandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account changes between any two requests, so also between those that make pieces one state."""
    weights = {draw: weight for draw, weight in WEIGHTS.items() if draw.__name__ in TOLD}
    monkeypatch.setattr("support.histories.WEIGHTS", weights)
    monkeypatch.setattr(History, "late", lambda _: {})
    queries, history = Queries(account, seed, SMALL), History(seed, account.account(MAIN_ID), clock)
    versions, chance = Versions(queries, cast("RequestClock", pool().clock)), random.Random(seed)  # noqa: S311 - drawn

    async def change(_: web.BaseRequest) -> None:
        clock.go(seconds=8)
        if chance.random() < 0.1:
            history.change()
            versions.note()

    for _ in range(8):
        keep = queries.draw()
        account.on_request = change
        try:
            found = queries.cached(keep)
        except ProtocolError:
            # A list that changes too much is never known to be complete.
            continue
        finally:
            account.on_request = None
        versions.refuse(keep, found)
        clock.go(seconds=10)
