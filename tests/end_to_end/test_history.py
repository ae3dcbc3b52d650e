"""`harvest_as_of`: each table as a scan would have read it at an earlier moment, from the history of a copy."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked
from support.run_size import share
from support.synced import PAGE_SIZE, Synced

import harvest_duck
from harvest_duck.catalog import tables as catalog
from harvest_duck.catalog.arrow_types import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Lists, which a sync reads whole where a page has room for them, so that no value lags; and what is inside of them.
TABLES = ("time_entries", "clients", "invoices", "invoice_line_items")
CLIENT = "SELECT name FROM harvest_as_of('clients', {}) WHERE id = {}"


class Account:
    """An account that changes, the copy of it, and what scans of it read at some moments."""

    def __init__(self, synced: Synced, con: duckdb.DuckDBPyConnection) -> None:
        self.synced, self.con, self.path = synced, con, synced.path
        self.live = synced.connection.replace(f"Pagesize={PAGE_SIZE};", "")
        self.cached = f"{self.live};CacheLocation={self.path}"
        self.read: dict[datetime, dict[str, Counter[str]]] = {}

    def sync(self, *, history: bool | None = None) -> None:
        """Bring the copy up to date."""
        harvest_duck.sync(self.live, self.path, tables=TABLES, history=history, accept_deletes=True)

    def scan(self) -> None:
        """Read every table in full."""
        found = {name: harvest_duck.scan(name, self.live).read_all().to_pylist() for name in TABLES}
        self.read[datetime.now(UTC)] = {name: Counter(map(repr, rows)) for name, rows in found.items()}

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        return self.con.execute(sql).fetchall()


def as_scanned(name: str, found: duckdb.DuckDBPyRelation) -> Counter[str]:
    """Return the rows of a query of a table, with moments in UTC as a scan has them."""
    return Counter(map(repr, found.to_arrow_table().cast(schema_of(catalog.TABLES[name])).to_pylist()))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account after a few syncs, each of them followed by a scan of every table, and then by changes."""
    with Synced(18, tmp_path_factory.mktemp("copy")) as synced, duckdb.connect() as con:
        found = Account(synced, con)
        harvest_duck.register(con, found.cached)
        con.execute("SET TimeZone = 'America/New_York'")
        for number in range(max(3, share(20))):
            found.sync(history=number == 0 or None)
            found.scan()
            synced.pause()
            synced.history.changes(synced.rng.choice((0, 3, 6, 9)))
        found.sync()
        synced.sandbox.clear_log()
        yield found


@pytest.mark.thorough
def test_each_table_is_as_a_scan_of_that_moment_read_it(account: Account) -> None:
    for moment, tables in account.read.items():
        for name, rows in tables.items():
            read = as_scanned(name, account.con.sql(f"FROM harvest_as_of('{name}', TIMESTAMPTZ '{moment}')"))
            assert read == rows, f"{name} as of {moment}: has {read - rows}, lacks {rows - read}"
    assert asked(account.synced.sandbox) == []
    assert sum(len({str(tables[name]) for tables in account.read.values()}) > 1 for name in TABLES) > 2, "they changed"


def test_it_has_the_columns_of_a_scan_and_takes_conditions(account: Account) -> None:
    moment = f"TIMESTAMPTZ '{min(account.read)}'"
    columns = "SELECT column_name, column_type FROM (DESCRIBE FROM {})"
    assert account.query(columns.format(f"harvest_as_of('clients', {moment})")) == account.query(
        columns.format("harvest_scan('clients')")
    )
    every = account.query(f"SELECT id, hours, user_id FROM harvest_as_of('time_entries', {moment}) ORDER BY id")
    user = every[0][2]
    assert account.query(
        f"SELECT id FROM harvest_as_of('time_entries', {moment}) WHERE user_id = {user} AND hours > 2 ORDER BY id"
    ) == [(number,) for number, hours, of in every if of == user and hours > 2]  # type: ignore[operator]
    assert account.query(f"SELECT count(*) FROM harvest_as_of('time_entries', {moment})") == [(len(every),)]


def test_a_moment_is_named_in_every_way_that_sql_has(account: Account) -> None:
    moment = min(account.read)
    ((expected,),) = account.query(f"SELECT count(*) FROM harvest_as_of('clients', TIMESTAMPTZ '{moment}')")
    count = "SELECT count(*) FROM harvest_as_of('clients', {})"
    local = f"{moment.astimezone(UTC).replace(tzinfo=None)}"
    account.con.execute("SET VARIABLE earlier = TIMESTAMPTZ '" + str(moment) + "'")
    for written in (f"'{moment}'", "getvariable('earlier')", f"TIMESTAMP '{local}' AT TIME ZONE 'UTC'"):
        assert account.query(count.format(written)) == [(expected,)]
    assert account.con.execute(count.format("?"), [moment]).fetchall() == [(expected,)]


def test_the_tables_of_an_account_may_be_as_of_a_moment(account: Account) -> None:
    moment = min(account.read)
    with harvest_duck.connect(f"{account.cached};AsOf={moment.isoformat()}") as con:
        for name in ("clients", "time_entries"):
            assert as_scanned(name, con.sql(f"FROM harvest.{name}")) == account.read[moment][name]
        later = max(account.read)
        found = con.sql(f"FROM harvest_as_of('clients', TIMESTAMPTZ '{later}')")
        assert as_scanned("clients", found) == account.read[later]["clients"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("FROM harvest_as_of('clients', NULL)", "harvest_as_of: the moment is NULL or infinite"),
        ("FROM harvest_as_of('clients', TIMESTAMPTZ 'infinity')", "harvest_as_of: the moment is NULL or infinite"),
        ("FROM harvest_as_of('client', now())", 'no Harvest table "client"; did you mean "clients"'),
        ("FROM harvest_as_of('clients', now(), NULL)", "harvest_as_of: the connection string is NULL"),
        (
            "FROM harvest_as_of('clients', now() + INTERVAL 1 DAY)",
            "was last synced at .*: sync again, or name an earlier",
        ),
        (
            "FROM harvest_as_of('clients', DATE '2020-03-31')",
            "keeps the history of clients since .*: name a later moment$",
        ),
        ("FROM harvest_as_of('clients', now(), 'AccountId=1')", "AsOf needs CacheLocation, the file of a copy"),
        ("FROM harvest_as_of('invoice_payments', now())", "does not have invoice_payments whole"),
        ("FROM harvest_as_of('accounts', now())", "accounts is in no copy"),
    ],
)
def test_what_it_does_not_know_is_an_error(query: str, said: str, account: Account) -> None:
    with pytest.raises(duckdb.Error, match=said):
        account.query(query)
    assert asked(account.synced.sandbox) == []


def test_a_copy_without_a_history_says_how_to_keep_one(account: Account, tmp_path: Path) -> None:
    path = tmp_path / "plain.duckdb"
    harvest_duck.sync(account.live, path, tables=["clients"])
    account.synced.sandbox.clear_log()
    harvest_duck.register(account.con, f"{account.live};CacheLocation={path}")
    try:
        with pytest.raises(duckdb.Error, match=r"plain\.duckdb keeps no history: sync with --history \(history=True\)"):
            account.query("FROM harvest_as_of('clients', now())")
    finally:
        harvest_duck.register(account.con, account.cached)


def test_what_a_page_asks_of_one_record_is_answered(account: Account) -> None:
    """The query of the page about the versions of one record."""
    with duckdb.connect(account.path, read_only=True) as con:
        ((number, versions),) = con.execute(
            "SELECT id, count(*) FROM history.time_entries SEMI JOIN time_entries USING (id) GROUP BY id "
            "ORDER BY 2 DESC, 1 LIMIT 1"
        ).fetchall()
        moments = con.execute(
            "SELECT valid_from, valid_to FROM ("
            f"FROM history.time_entries WHERE id = {number} UNION ALL BY NAME "
            "SELECT e.*, coalesce(s.valid_from, h.began_at) AS valid_from FROM time_entries e LEFT JOIN "
            "since.time_entries s USING (id) JOIN mirror.history h ON h.table_name = 'time_entries' "
            f"WHERE id = {number}) ORDER BY valid_from"
        ).fetchall()
    assert len(moments) == versions + 1
    assert moments[-1][1] is None
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(moments))
    assert moments[0][0] < min(account.read) + timedelta(seconds=1)
