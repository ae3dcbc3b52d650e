"""A database with one door: no statement reaches more than what Python attached.

Each attack runs on every kind of connection that people get hold of, with DuckDB's settings as they are and locked. It
is refused in one line, or finds nothing; then the attached account still answers. What it could have reached is there:
a listener that notices every connection, an account and a person of the same Harvest, and another database of the
process whose handle it knows.
"""

from __future__ import annotations

import os
import re
import socket
from contextlib import ExitStack, suppress
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import duckdb
import pyarrow as pa
import pytest
from support.clocks import PATIENCE_S
from support.run_size import some_of, usually

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.engine.arrow_stream import sentence_in
from harvest_duck.engine.binding import EXPLANATIONS
from harvest_duck.engine.keeper import in_use
from harvest_duck.engine.macros import SETTINGS as COPIED
from harvest_duck.engine.shared_catalog import binding_of
from harvest_duck.errors import ConnectionStringError, QueryError
from harvest_duck.pushdown.sql import text
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from aiohttp import web

    Way = Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyConnection]

#: The sentences that refuse.
DOOR = "this database was opened with only_attached=True"
FREED = "the account was detached, or its connection of DuckDB closed"
UNTOLD = "no connection string reached the scan"
#: DuckDB hands some comparisons over as what they mean, each version others.
EITHER = f"{DOOR}|{UNTOLD}"
HIDDEN = "_session = '' AND _connection"
INTERNAL = "FROM harvest_duck._internal.clients"
CLIENTS = "SELECT count(*) FROM harvest.clients"
WAYS: dict[str, Way] = {
    "the connection": lambda con: con,
    "cursor": lambda con: con.cursor(),
    "duplicate": lambda con: con.duplicate(),
    "registered cursor": lambda con: registered(con.cursor()),
}
#: Settings of DuckDB that a service makes.
SETTINGS = {
    "as it is": [],
    "locked": [
        "SET enable_external_access = false",
        "SET python_enable_replacements = false",
        "SET lock_configuration = true",
    ],
}


def registered(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection that is registered."""
    harvest_duck.register(con)
    return con


class Listener:
    """A port that takes every connection and closes it; `visitors` counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._accepted: Queue[tuple[str, int]] = Queue()
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._socket.accept()
            except OSError:
                return
            connection.close()
            self._accepted.put(peer)

    def visitors(self) -> int:
        """How many connections there were since the last call: those before one of our own, which comes after them."""
        with socket.create_connection(("127.0.0.1", self.port)) as own:
            found = 0
            while self._accepted.get(timeout=PATIENCE_S) != own.getsockname():
                found += 1
        return found

    def close(self) -> None:
        """Stop listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class Stage(NamedTuple):
    """An agency, what stands beside it, and the names by which attacks call all that."""

    sandbox: Sandbox
    listener: Listener
    tokens: list[str]
    names: dict[str, str]

    @property
    def attached(self) -> str:
        """The connection string of the attached account."""
        return f"{self.sandbox.connection_string()};RateLimit=off;ReportsRateLimit=off"

    @property
    def clients(self) -> tuple[int]:
        """The answer to `CLIENTS`."""
        return (len(self.sandbox.records(MAIN_ID, "clients")),)

    def nothing_happened(self) -> None:
        """Check that nobody but the attached person asked for anything but the attached account, nor elsewhere."""
        assert self.listener.visitors() == 0
        assert set(self.tokens) <= {"Bearer sandbox-admin-token"}
        assert {request.account_id for request in self.sandbox.requests} <= {str(MAIN_ID), None}
        self.tokens.clear()
        self.sandbox.clear_log()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    """The second listener."""
    opened = Listener()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def stage(listener: Listener) -> Iterator[Stage]:
    """The agency, with every token that it is shown, and another database whose handles are known."""
    tokens: list[str] = []

    async def shown(request: web.BaseRequest) -> None:
        tokens.append(request.headers.get("Authorization", ""))

    evil = (
        f"AccountId=1;APIKey=taken;BaseURL=http://127.0.0.1:{listener.port}/v2;IdURL=http://127.0.0.1:{listener.port}"
    )
    with Sandbox(seed=7, scale=0.1, limits=False) as sandbox, harvest_duck.connect(evil) as other:
        sandbox.on_request = shown
        own, member = sandbox.connection_string(), sandbox.connection_string(role="member")
        harvest_duck.attach(other, evil, name="gone")
        gone = handle(other, "gone")
        other.execute("DETACH gone")
        strings = {
            "evil": evil,
            "empty": "",
            "sandbox": "DSN=sandbox",
            "default": "DSN=default",
            "own": own,
            "euro": sandbox.connection_string(account_id=EURO_ID),
            "every": own.replace(f"AccountId={MAIN_ID}", "AccountId=*"),
            "member": member,
            "base": f"BaseURL=http://127.0.0.1:{listener.port}/v2",
            "id": f"{own.partition('IdURL=')[0]}IdURL=http://127.0.0.1:{listener.port}",
            "proxy": f"AccountId=1;APIKey=taken;ProxyServer=127.0.0.1;ProxyPort={listener.port}",
            "log": f"{own};Verbosity=3;Logfile=chosen.log",
            "sign_in": f"{sandbox.oauth_connection_string()};OAuthSettingsLocation=chosen.json",
            "blank": " ",
            "other": handle(other, "harvest"),
            "gone": gone,
            "lengthened": f"{handle(other, 'harvest')};BaseURL=http://127.0.0.1:{listener.port}/v2",
            "upper": handle(other, "harvest").upper(),
        }
        yield Stage(sandbox, listener, tokens, {name: text(string) for name, string in strings.items()})


def handle(con: duckdb.DuckDBPyConnection, catalog: str) -> str:
    """The handle in the views of an attached account, for everybody to see who writes SQL there."""
    ((sql,),) = con.execute(
        "SELECT sql FROM duckdb_views() WHERE database_name = ? AND view_name = 'clients'", [catalog]
    ).fetchall()
    (found,) = re.findall("@[0-9a-f]{32}", sql)
    return found


@pytest.fixture(scope="module", params=SETTINGS)
def guarded(request: pytest.FixtureRequest, stage: Stage) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with one door that attacks share, since they leave nothing behind that would change another."""
    with harvest_duck.connect(stage.attached, only_attached=True) as opened:
        for setting in SETTINGS[request.param]:
            opened.execute(setting)
        yield opened


@pytest.fixture
def each_way(
    guarded: duckdb.DuckDBPyConnection, request: pytest.FixtureRequest
) -> Iterator[Iterator[duckdb.DuckDBPyConnection]]:
    """Kinds of connection to the database with one door, one after the other; the output of a failure names it.

    One or two of them are tried with each attack, and others with the next: the attacks are many.
    """
    ways = [*WAYS.items()][crc32(request.node.name.encode()) % 3 :: 3]
    with ExitStack() as opened:
        yield each_kind(guarded, ways, opened)


def each_kind(
    guarded: duckdb.DuckDBPyConnection, ways: Iterable[tuple[str, Way]], opened: ExitStack
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open each kind of connection when the one before it was tried."""
    for way, open_one in ways:
        print("on", way)  # noqa: T201 - pytest shows it where the test fails
        con = open_one(guarded)
        if con is not guarded:
            opened.enter_context(con)
        # What a cursor that was not registered finds by other names.
        con.execute("SET search_path = 'memory.main,harvest.main'")
        yield con


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder to work in, in which nothing appears."""
    monkeypatch.chdir(tmp_path)
    yield
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names


def refused(con: duckdb.DuckDBPyConnection, statements: list[str], said: str, parameters: Any = None) -> None:
    """Run statements of which the last one has to be refused in one line."""
    *before, last = statements
    for each in before:
        con.execute(each)
    with pytest.raises(duckdb.Error) as raised:
        con.execute(last, parameters).fetchall()
    told = str(raised.value)
    assert "\n" not in told
    assert re.search(said, sentence_in(told))


#: Every connection string, and the sentence that refuses it.
STRINGS = {
    **dict.fromkeys(
        ["evil", "empty", "sandbox", "default", "own", "euro", "every", "member", "base", "id", "proxy", "log"], DOOR
    ),
    **dict.fromkeys(["sign_in", "blank", "lengthened", "upper"], DOOR),
    **dict.fromkeys(["other", "gone"], FREED),
}
#: What takes a connection string, `{}`.
TAKERS = [
    "FROM harvest_scan('clients', {})",
    "SELECT count(*) FROM harvest_scan('clients', {})",
    "FROM harvest_scan('accounts', {})",
    "FROM harvest_access({})",
    "FROM harvest_raw('clients', {})",
    "FROM harvest_as_of('clients', now(), {})",
    "FROM harvest_get('/clients', {})",
    f"SELECT id FROM harvest_duck._internal.users WHERE {HIDDEN} = {{}}",
    f"FROM harvest_duck._internal.visible WHERE _view = 'work' AND _access = 'rows' AND {HIDDEN} = {{}}",
    "FROM harvest_explain('FROM harvest_scan(''clients'', ' || {quoted} || ')')",
    "FROM harvest_explain('FROM harvest_scan(''clients'', ' || {quoted} || ')', probe := false)",
]


@pytest.mark.takes_a_share
@pytest.mark.parametrize("string", STRINGS)
def test_no_connection_string_in_sql_is_used(
    string: str, each_way: Iterator[duckdb.DuckDBPyConnection], stage: Stage, request: pytest.FixtureRequest
) -> None:
    """Each string is tried with one half of what takes one as DuckDB is, and with the other where it is locked.

    A usual run takes half of each half.
    """
    given = stage.names[string]
    turn = [*STRINGS].index(string) + [*SETTINGS].index(request.node.callspec.params["guarded"])
    for con in each_way:
        for sql in some_of(TAKERS[turn % 2 :: 2], turn // 2, every=2):
            refused(con, [sql.format(given, quoted=text(given))], STRINGS[string])
        assert stage.sandbox.requests == []
        assert con.execute(CLIENTS).fetchone() == stage.clients
        stage.nothing_happened()


#: Statements after which the last is refused, and by what.
ROUTES: dict[str, tuple[str, list[str]]] = {
    "named": (DOOR, ["FROM harvest_scan(tbl := 'clients', conn := {evil})"]),
    "the function of an account": (DOOR, ["FROM harvest.harvest_scan('clients', {evil})"]),
    "the function of the shared catalog": (DOOR, ["FROM harvest_duck.harvest_scan('clients', conn := {evil})"]),
    "the function by its whole name": (DOOR, ["FROM harvest_duck.main.harvest_scan('clients', conn := {evil})"]),
    "a table in capitals": (DOOR, ["FROM harvest_scan('CLIENTS', {evil})"]),
    "put together": (DOOR, ["FROM harvest_scan('cli' || 'ents', concat({evil}, ';', 'Timeout=1'))"]),
    "of a variable": (DOOR, ["SET VARIABLE chosen = {evil}", "FROM harvest_scan('clients', getvariable('chosen'))"]),
    "prepared": (DOOR, ["PREPARE chosen AS FROM harvest_scan('clients', $1)", "EXECUTE chosen({evil})"]),
    "of a view": (
        DOOR,
        [
            "CREATE OR REPLACE VIEW memory.main.chosen AS FROM harvest_scan('clients', {evil})",
            "FROM memory.main.chosen",
        ],
    ),
    "of a temporary view": (
        DOOR,
        ["CREATE OR REPLACE TEMP VIEW chosen_too AS FROM harvest_scan('clients', {evil})", "FROM chosen_too"],
    ),
    "of a macro": (
        DOOR,
        [
            "CREATE OR REPLACE MACRO memory.main.chosen(c) AS TABLE FROM harvest_scan('clients', c)",
            "FROM memory.main.chosen({evil})",
        ],
    ),
    "of a CTE": (DOOR, ["WITH chosen AS MATERIALIZED (FROM harvest_scan('clients', {evil})) FROM chosen"]),
    "of a recursive CTE": (
        DOOR,
        [
            (
                "WITH RECURSIVE chosen AS (SELECT 1 AS n UNION ALL "
                "SELECT n + 1 FROM chosen, harvest_scan('clients', {evil}) WHERE n < 3) FROM chosen"
            )
        ],
    ),
    "of a subquery": (DOOR, ["SELECT (SELECT max(name) FROM harvest_scan('clients', {evil}))"]),
    "of EXISTS": (DOOR, ["SELECT 1 WHERE EXISTS (FROM harvest_scan('clients', {evil}))"]),
    "beside the attached account": (
        DOOR,
        ["SELECT id FROM harvest.clients UNION ALL SELECT id FROM harvest_scan('clients', {evil})"],
    ),
    "joined to the attached account": (
        DOOR,
        ["FROM harvest.clients SEMI JOIN harvest_scan('clients', {evil}) USING (id)"],
    ),
    "by query()": (DOOR, ["FROM query('FROM harvest_scan(''clients'', ' || {quoted_evil} || ')')"]),
    "by query_table()": (
        DOOR,
        [f"SELECT id FROM query_table('harvest_duck._internal.clients') WHERE {HIDDEN} = {{evil}}"],
    ),
    "into a table": (DOOR, ["CREATE TABLE memory.main.kept AS FROM harvest_scan('clients', {evil})"]),
    "into a temporary table": (DOOR, ["CREATE TEMP TABLE kept AS FROM harvest_scan('clients', {evil})"]),
    "summarized": (DOOR, ["SUMMARIZE FROM harvest_scan('clients', {evil})"]),
    "pivoted": (DOOR, ["PIVOT (FROM harvest_scan('clients', {evil})) ON currency IN ('USD') USING count(*)"]),
    "analyzed": (DOOR, ["EXPLAIN ANALYZE FROM harvest_scan('clients', {evil})"]),
    "sampled": (DOOR, ["FROM harvest_scan('clients', {evil}) USING SAMPLE 1"]),
    "limited": (DOOR, ["FROM harvest_scan('clients', {evil}) LIMIT 1"]),
    "a report": (
        DOOR,
        ["FROM harvest_scan('report_time_team', {evil}) WHERE from_date = '2026-01-01' AND to_date = '2026-01-31'"],
    ),
    "children": (DOOR, ["FROM harvest_scan('invoice_payments', {evil}) WHERE invoice_id = 1"]),
    "explained by name": (
        DOOR,
        ["FROM harvest.harvest_explain(query := 'FROM harvest_scan(''clients'', {doubled_evil})')"],
    ),
    "explained beside the attached account": (
        DOOR,
        ["FROM harvest_explain('FROM harvest.clients UNION ALL FROM harvest_scan(''clients'', {doubled_evil})')"],
    ),
    "a report for each month": (
        DOOR,
        ["FROM harvest_report('time_team', '2026-01-01', '2026-03-31', step := 'month', conn := {evil})"],
    ),
    "access by name": (DOOR, ["FROM harvest.harvest_access(conn := {evil})"]),
    "hidden in a list": (EITHER, [f"SELECT id {INTERNAL} WHERE {HIDDEN} IN ({{evil}})"]),
    "hidden, compared with a cast": (
        EITHER,
        [f"SELECT id {INTERNAL} WHERE {HIDDEN} = CAST({{evil}} AS VARCHAR)"],
    ),
    "hidden, the other way round": (
        EITHER,
        ["SELECT id FROM harvest_duck._internal.clients WHERE {evil} = _connection AND '' = _session"],
    ),
    "hidden, from a column": (
        EITHER,
        [f"SELECT * FROM (SELECT * FROM harvest_duck._internal.clients WHERE {HIDDEN} = {{evil}}) t ORDER BY ALL"],
    ),
    "hidden in each half of a union": (
        EITHER,
        [(f"SELECT id {INTERNAL} WHERE {HIDDEN} = {{own}} UNION SELECT id {INTERNAL} WHERE {HIDDEN} = {{evil}}")],
    ),
    "hidden for access": (
        EITHER,
        [f"SELECT account_id FROM harvest_duck._internal.harvest_access WHERE {HIDDEN} = {{evil}}"],
    ),
    "hidden with OR": (
        EITHER,
        ["SELECT id FROM harvest_duck._internal.clients WHERE _session = '' AND (_connection = {evil} OR id = 1)"],
    ),
    "hidden in a list of two": (
        EITHER,
        [f"SELECT id {INTERNAL} WHERE {HIDDEN} IN ({{evil}}, {{own}})"],
    ),
    "hidden and alike": (EITHER, [f"SELECT id {INTERNAL} WHERE {HIDDEN} LIKE {{evil}}"]),
    "hidden and not given": (EITHER, ["FROM harvest_duck._internal.clients"]),
    "hidden and joined": (
        EITHER,
        [
            (
                "SELECT c.id FROM harvest_duck._internal.clients c "
                "JOIN (VALUES ({evil}), ({own})) v(s) ON c._connection = v.s WHERE c._session = ''"
            )
        ],
    ),
    "hidden and semi-joined": (
        EITHER,
        [
            (
                "SELECT id FROM harvest_duck._internal.clients WHERE _session = '' AND _connection IN "
                "(SELECT s FROM (VALUES ({evil}), ({own})) v(s))"
            )
        ],
    ),
    "hidden and summarized": (EITHER, ["SUMMARIZE harvest_duck._internal.clients"]),
    "hidden and analyzed": (
        EITHER,
        [f"EXPLAIN ANALYZE SELECT id {INTERNAL} WHERE {HIDDEN} = {{evil}}"],
    ),
    "another session": (
        DOOR,
        ["SET VARIABLE harvest_duck_session = 'f000000000000000'", "FROM harvest_scan('clients', {evil})"],
    ),
    "a session that is no text": (
        DOOR,
        ["SET VARIABLE harvest_duck_session = [1, 2]", "FROM harvest_scan('clients', {evil})"],
    ),
    "no session": (DOOR, ["RESET VARIABLE harvest_duck_session", "FROM harvest_scan('clients', {evil})"]),
    "a function of one's own": (
        DOOR,
        [
            (
                "CREATE OR REPLACE MACRO memory.main.mine(tbl, conn := {evil}) AS TABLE "
                "FROM harvest_duck.harvest_scan(tbl, conn := conn)"
            ),
            "FROM memory.main.mine('clients')",
        ],
    ),
    "a temporary function of one's own": (
        DOOR,
        [
            (
                "CREATE OR REPLACE TEMP MACRO mine(tbl, conn := {evil}) AS TABLE "
                "FROM harvest_duck.harvest_scan(tbl, conn := conn)"
            ),
            "FROM mine('clients')",
        ],
    ),
    "in a transaction": (DOOR, ["FROM (FROM harvest_scan('clients', {evil})) WHERE id > 0"]),
}


def formatted(sql: str, stage: Stage) -> str:
    """A statement with the strings that it names; one may stand within a text of SQL, or be put together with it."""
    evil = stage.names["evil"]
    return sql.format(**stage.names, quoted_evil=text(evil), doubled_evil=evil.replace("'", "''"))


@pytest.mark.parametrize("route", usually(ROUTES))
def test_no_route_leads_past_the_door(route: str, each_way: Iterator[duckdb.DuckDBPyConnection], stage: Stage) -> None:
    said, statements = ROUTES[route]
    for con in each_way:
        refused(con, [formatted(each, stage) for each in statements], said)
        assert con.execute(CLIENTS).fetchone() == stage.clients
        stage.nothing_happened()


#: Statements that are allowed, with what they find.
HARMLESS: dict[str, tuple[list[str], list[tuple[object, ...]] | None]] = {
    "another account of the token": ([f"SELECT id FROM harvest.clients WHERE account_id = {EURO_ID}"], []),
    "nothing that is handed over": ([f"SELECT id {INTERNAL} WHERE {HIDDEN} = {{evil}} AND 1 = 0"], []),
    "no hidden column can be null": (["SELECT count(*) FROM harvest.clients WHERE id IS NULL"], [(0,)]),
    "described": (["SELECT column_name FROM (DESCRIBE FROM harvest_scan('roles', {evil})) LIMIT 1"], [("id",)]),
    "planned and not run": (["EXPLAIN FROM harvest_scan('clients', {evil})"], None),
    "prepared and not run": (["PREPARE unused AS FROM harvest_scan('clients', {evil})"], []),
    "an explanation of an explanation": (
        ["FROM harvest.harvest_explain($$FROM harvest_explain($x$FROM harvest_scan('clients', {evil})$x$)$$)"],
        [],
    ),
    "the list of tables": (["SELECT count(*) FROM harvest.harvest_tables()"], [(len(TABLES),)]),
    "the list of columns": (["SELECT count(*) FROM harvest.harvest_columns('roles') WHERE column_name = 'id'"], [(1,)]),
    "requests of a session that nobody has": (
        ["SELECT count(*) FROM harvest_duck._internal.harvest_requests WHERE _session = 'f000000000000000'"],
        None,
    ),
    "the databases of the process": (
        [("SELECT count(*) FROM duckdb_databases() WHERE database_name NOT IN "
         "('harvest', 'harvest_duck', 'memory', 'system', 'temp')")],
        [(0,)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_allowed_does_no_harm(name: str, each_way: Iterator[duckdb.DuckDBPyConnection], stage: Stage) -> None:
    statements, wanted = HARMLESS[name]
    for con in each_way:
        for sql in statements:
            found = con.execute(formatted(sql, stage)).fetchall()
        assert wanted is None or found == wanted
        assert con.execute(CLIENTS).fetchone() == stage.clients
        stage.nothing_happened()


@pytest.fixture
def own(stage: Stage) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with one door that a test may spoil."""
    with harvest_duck.connect(stage.attached, only_attached=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def lasting(stage: Stage) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with one door that tests share, and leave as it is."""
    with harvest_duck.connect(stage.attached, only_attached=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def spoilt(stage: Stage) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with one door to which people do one thing after the other."""
    with harvest_duck.connect(stage.attached, only_attached=True) as opened:
        yield opened


#: What people may do to the catalogs of a database, and then try; none of it refuses what comes after it.
SPOILED = {
    "the functions of the account": (
        (
            "CREATE OR REPLACE MACRO harvest.main.harvest_scan(tbl, conn := {evil}) AS TABLE "
            "FROM harvest_duck.main.harvest_scan(tbl, conn := {evil})"
        ),
        "FROM harvest.harvest_scan('clients')",
        DOOR,
    ),
    "the functions of the connection": (
        (
            "CREATE OR REPLACE TEMP MACRO harvest_scan(tbl, conn := {evil}) AS TABLE "
            "FROM harvest_duck.main.harvest_scan(tbl, conn := conn)"
        ),
        "FROM harvest_scan('clients')",
        DOOR,
    ),
    "a table of the account": (
        f"CREATE OR REPLACE VIEW harvest.clients AS SELECT id {INTERNAL} WHERE {HIDDEN} = {{evil}}",
        "FROM harvest.clients",
        DOOR,
    ),
    "a table of the account, with a known handle": (
        f"CREATE OR REPLACE VIEW harvest.clients AS SELECT id {INTERNAL} WHERE {HIDDEN} = {{other}}",
        "FROM harvest.clients",
        FREED,
    ),
    "the reader of the environment": (
        "CREATE OR REPLACE MACRO memory.main.getvariable(name) AS 'f000000000000000'",
        "FROM harvest_scan('clients', {evil})",
        DOOR,
    ),
    "the token of the database": (
        "CREATE OR REPLACE MACRO harvest_duck._internal.token() AS {token}",
        "FROM harvest_scan('clients', {evil})",
        DOOR,
    ),
    "the functions of the shared catalog": (
        (
            "CREATE OR REPLACE MACRO harvest_duck.main.harvest_scan(tbl, conn := {evil}) AS TABLE "
            f"SELECT id FROM query_table('harvest_duck._internal.' || tbl) WHERE {HIDDEN} = {{evil}}"
        ),
        "FROM harvest_duck.harvest_scan('clients')",
        EITHER,
    ),
    "one rule of the optimizer": (
        "SET disabled_optimizers = 'filter_pushdown'",
        "FROM harvest_scan('clients', {evil})",
        UNTOLD,
    ),
    "the optimizer": ("PRAGMA disable_optimizer", "FROM harvest_scan('clients', {evil})", UNTOLD),
}


@pytest.fixture(scope="module")
def token() -> Iterator[str]:
    """The token of another database, which is open to all."""
    with duckdb.connect() as open_to_all:
        harvest_duck.register(open_to_all, "DSN=sandbox")
        ((found,),) = open_to_all.execute("SELECT harvest_duck._internal.token()").fetchall()
        yield found


@pytest.mark.parametrize("spoiled", SPOILED)
def test_what_is_made_anew_in_sql_leads_nowhere(
    spoiled: str, spoilt: duckdb.DuckDBPyConnection, token: str, stage: Stage
) -> None:
    before, last, said = SPOILED[spoiled]
    refused(spoilt, [each.format(**stage.names, token=text(token)) for each in (before, last)], said)
    assert stage.sandbox.requests == []
    stage.nothing_happened()


@pytest.mark.parametrize(
    "again",
    [
        pytest.param("the connection", marks=pytest.mark.thorough),
        "cursor",
        pytest.param("duplicate", marks=pytest.mark.thorough),
    ],
)
def test_a_detached_catalog_reaches_nothing_and_comes_back_with_one_door(
    again: str, own: duckdb.DuckDBPyConnection, stage: Stage
) -> None:
    own.execute("DETACH harvest_duck; DETACH harvest")
    for sql in ("FROM harvest_scan('clients')", "FROM harvest_duck._internal.clients", "FROM harvest.clients"):
        with pytest.raises(duckdb.Error, match="does not exist"):
            own.execute(sql)
    own.execute("SET search_path = 'memory.main'")
    other = registered(WAYS[again](own))
    refused(other, [formatted("FROM harvest_scan('clients', {evil})", stage)], DOOR)
    refused(other, ["FROM harvest_scan('clients')"], "does not look into the environment")
    harvest_duck.attach(other, stage.attached, name="harvest")
    assert own.execute(CLIENTS).fetchone() == stage.clients
    stage.nothing_happened()


def test_a_catalog_that_sql_puts_in_the_place_of_ours_is_not_taken_for_it(
    own: duckdb.DuckDBPyConnection, stage: Stage
) -> None:
    own.execute("DETACH harvest_duck; ATTACH ':memory:' AS harvest_duck; CREATE SCHEMA harvest_duck._internal")
    with pytest.raises(ConnectionStringError, match="a database called harvest_duck is there already"):
        harvest_duck.register(own)
    with pytest.raises(QueryError, match="the catalog harvest_duck was detached"):
        harvest_duck.attach(own, stage.attached, name="second")
    stage.nothing_happened()


def test_one_database_with_one_door_leaves_another_open(own: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    own.execute("DETACH harvest_duck")
    with duckdb.connect() as other:
        harvest_duck.register(other)
        sql = "SELECT count(*) FROM harvest_scan('clients', ?)"
        assert other.execute(sql, [stage.attached]).fetchone() == stage.clients
    stage.nothing_happened()


def test_the_handle_of_a_detached_account_is_dead(lasting: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    harvest_duck.attach(lasting, f"{stage.attached};Timeout=30", name="second")
    gone = handle(lasting, "second")
    assert lasting.execute("SELECT count(*) FROM harvest_scan('clients', ?)", [gone]).fetchone() == stage.clients
    lasting.execute("DETACH second")
    refused(lasting, [f"FROM harvest_scan('clients', {text(gone)})"], FREED)
    assert lasting.execute(CLIENTS).fetchone() == stage.clients
    stage.nothing_happened()


def test_a_door_that_closes_later_leaves_what_was_attached(stage: Stage) -> None:
    scan = "SELECT count(*) FROM harvest_scan('clients', {own})".format(**stage.names)
    with duckdb.connect() as con:
        harvest_duck.register(con, stage.attached)
        harvest_duck.attach(con, stage.attached, name="harvest")
        con.execute(f"PREPARE before AS {scan}")
        assert con.execute("EXECUTE before").fetchone() == stage.clients
        with con.cursor() as other:
            harvest_duck.register(other, only_attached=True)
        stage.sandbox.clear_log()
        refused(con, ["EXECUTE before"], DOOR)
        refused(con, [scan], DOOR)
        assert stage.sandbox.requests == []
        for sql in (CLIENTS, "SELECT count(*) FROM harvest_scan('clients')"):
            assert con.execute(sql).fetchone() == stage.clients
        # Nor does a later registration open it.
        harvest_duck.register(con, stage.attached, only_attached=False)
        refused(con, [scan], DOOR)
    stage.nothing_happened()


def test_python_may_name_another_account_for_a_cursor_of_its_own(
    lasting: duckdb.DuckDBPyConnection, stage: Stage
) -> None:
    cursor = lasting.cursor()
    harvest_duck.register(cursor, stage.sandbox.connection_string(account_id=EURO_ID))
    query = "SELECT DISTINCT account_id FROM harvest_scan('clients')"
    assert cursor.execute(query).fetchall() == [(EURO_ID,)]
    refused(cursor, ["FROM harvest_scan('clients', {euro})".format(**stage.names)], DOOR)
    stage.sandbox.clear_log()
    assert lasting.execute(query).fetchall() == [(MAIN_ID,)]
    stage.nothing_happened()


def test_a_view_that_a_file_kept_is_refused(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("database") / "kept.duckdb"
    with harvest_duck.connect(stage.attached, database=file) as con:
        con.execute(
            "CREATE VIEW kept.main.chosen AS FROM harvest_duck.main.harvest_scan('clients', {evil})".format(
                **stage.names
            )
        )
    with harvest_duck.connect(stage.attached, database=file, only_attached=True) as con:
        refused(con, ["FROM kept.main.chosen"], DOOR)
        assert con.execute(CLIENTS).fetchone() == stage.clients
    stage.nothing_happened()


def test_variables_of_python_do_not_take_the_place_of_tables(own: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    clients = harvest_clients = pa.table({"id": [1]})
    own.execute("SET python_scan_all_frames = true")
    assert own.execute("SELECT count(*) FROM clients").fetchone() == stage.clients
    found = own.execute("SELECT table_name FROM harvest_explain('FROM clients')").fetchall()
    assert found == [("clients",)]
    refused(own, ["FROM harvest_explain('FROM harvest_clients')"], "harvest_clients does not exist")
    assert clients is harvest_clients
    stage.nothing_happened()


def test_the_environment_is_reached_where_connect_named_it_and_not_in_sql(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVEST_DUCK_CONNECTION", stage.attached)
    counted = "SELECT count(*) FROM harvest_scan('clients')"
    with harvest_duck.connect(only_attached=True) as con:
        for each in (con, con.cursor()):
            assert each.execute(CLIENTS).fetchone() == stage.clients
            assert each.execute(counted.replace("harvest_scan", "harvest.harvest_scan")).fetchone() == stage.clients
        assert con.execute(counted).fetchone() == stage.clients
        assert con.execute(f"SELECT requests FROM harvest_explain({text(counted)})").fetchone() == (1,)
        refused(con, ["FROM harvest_scan('clients', '')"], "does not look into the environment")
    stage.sandbox.clear_log()
    with duckdb.connect() as con:
        harvest_duck.register(con, only_attached=True)
        harvest_duck.attach(con, stage.attached, name="harvest")
        for sql in (counted, "FROM harvest_access()", f"FROM harvest_explain({text(counted)})"):
            refused(con, [sql], "does not look into the environment")
        assert stage.sandbox.requests == []
        assert con.execute(CLIENTS).fetchone() == stage.clients
    stage.nothing_happened()


def test_requests_of_another_connection_are_not_shown(lasting: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    cursor = registered(lasting.cursor())
    lasting.execute(CLIENTS).fetchall()
    for each in (cursor, lasting.cursor()):
        assert each.execute("FROM harvest.harvest_requests()").fetchall() == []
    stage.nothing_happened()


def test_a_macro_cannot_end_the_connection_that_bound_the_datasets(
    own: duckdb.DuckDBPyConnection, stage: Stage
) -> None:
    """DuckDB 1 reads freed memory after that."""
    for catalog in ("harvest_duck", "harvest"):
        own.execute(f"CREATE MACRO {catalog}._internal.duckdb_connection_count() AS TABLE SELECT 1")
    bound_by = binding_of(own).bound_by
    with suppress(duckdb.Error):
        own.execute("DEALLOCATE _harvest_duck")
    # Held, as the thread that looks whether to close it uses it too.
    with in_use:
        assert bound_by is None or bound_by.execute("SELECT 1").fetchone() == (1,)
    assert own.execute(CLIENTS).fetchone() == stage.clients


#: Settings that change what a query means, and that a cursor does not inherit.
MEANT = {"TimeZone": "'Asia/Tokyo'", "Calendar": "'japanese'", "integer_division": "true"}


def test_settings_that_are_global_before_the_lock_are_those_of_an_explanation(
    own: duckdb.DuckDBPyConnection, stage: Stage
) -> None:
    explain = "SELECT request FROM harvest.harvest_explain('SELECT id FROM harvest.clients')"
    for name, value in MEANT.items():
        own.execute(f"SET GLOBAL {name} = {value}")
    own.execute("SET lock_configuration = true")
    cursor = own.cursor()
    values = "SELECT " + ", ".join(f"current_setting('{name}')" for name in MEANT)
    assert cursor.execute(values).fetchone() == own.execute(values).fetchone() == ("Asia/Tokyo", "japanese", True)
    assert own.execute(explain).fetchall() == cursor.execute(explain).fetchall() == [("/v2/clients?per_page=2000",)]
    stage.nothing_happened()


def test_a_setting_of_one_connection_before_the_lock_refuses_an_explanation(
    own: duckdb.DuckDBPyConnection, stage: Stage
) -> None:
    cursors = [registered(own.cursor()) for _ in MEANT]
    for cursor, (name, value) in zip(cursors, MEANT.items(), strict=True):
        cursor.execute(f"SET {name} = {value}")
    own.execute("SET lock_configuration = true")
    for cursor in cursors:
        refused(cursor, ["FROM harvest_explain('FROM harvest.clients')"], "set it globally before the lock")
        assert cursor.execute(CLIENTS).fetchone() == stage.clients
    stage.nothing_happened()


@pytest.mark.thorough
def test_an_explanation_of_itself_comes_to_an_end(lasting: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    """With a greater limit of recursion it would end the process."""
    arguments = " AND ".join(f"_{name} = ''" for name in ("session", *(name.lower() for name in COPIED)))
    explained = f"_sql = 'FROM memory.main.itself' AND _probe = 'false' AND {arguments}"
    lasting.execute("CREATE VIEW memory.main.itself AS SELECT 'before' AS request")
    lasting.execute(
        "CREATE OR REPLACE VIEW memory.main.itself AS "
        f"SELECT e.request FROM harvest_duck._internal.harvest_explain e WHERE {explained}"
    )
    for _ in range(2):
        with pytest.raises(duckdb.Error) as raised:
            lasting.execute("FROM memory.main.itself").fetchall()
        assert len(str(raised.value)) < 1000
        assert binding_of(lasting).explanations.acquire(blocking=False), "the places are free again"
        binding_of(lasting).explanations.release()
    found = lasting.execute("SELECT request FROM harvest_explain('SELECT id FROM harvest.clients')").fetchall()
    assert found == [("/v2/clients?per_page=2000",)]
    stage.nothing_happened()


def test_so_many_explanations_at_a_time_and_no_more(lasting: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    explain = "FROM harvest_explain('SELECT id FROM harvest.clients', probe := false)"
    with ExitStack() as taken:
        for _ in range(EXPLANATIONS - 1):
            taken.enter_context(binding_of(lasting).explanations)
        assert lasting.execute(explain).fetchall() != []
        taken.enter_context(binding_of(lasting).explanations)
        refused(lasting, [explain], f"more than {EXPLANATIONS} explanations at a time")
    stage.nothing_happened()
