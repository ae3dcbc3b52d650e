"""Harlequin, an editor of SQL in the terminal: its adapter, and the program itself on a terminal."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support import pseudo_terminal
from support.asked import asked
from support.clients import client
from support.clocks import PATIENCE_S
from support.held import held

from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

client("harlequin")
from harlequin.exception import (  # noqa: E402
    HarlequinConfigError,
    HarlequinConnectionError,
    HarlequinQueryError,
)

from harvest_duck.integrations.harlequin import HarvestAdapter, HarvestConnection  # noqa: E402

OPEN = ";RateLimit=off;ReportsRateLimit=off"
FOCUS_EDITOR, NEW_TAB, RUN, QUIT = "\x1bOQ", "\x0e", "\n", "\x11"
#: A click on the button below the editor, on a terminal of 100 columns and 24 lines.
CANCEL = "\x1b[<0;90;12M\x1b[<0;90;12m"


@pytest.fixture(scope="module")
def shared_adapter(agency: Sandbox) -> Iterator[HarvestConnection]:
    opened = HarvestAdapter((agency.connection_string() + OPEN,), unknown="x").connect()
    yield opened
    opened.close()


@pytest.fixture
def adapted(shared_adapter: HarvestConnection, sandbox: Sandbox) -> HarvestConnection:
    """The connection that harlequin uses, with an empty log of requests."""
    return shared_adapter


def labels(items: list[Any]) -> list[str]:
    return [item.label for item in items]


def test_the_tree_has_tables_views_arguments_and_columns_and_costs_no_request(
    adapted: HarvestConnection, sandbox: Sandbox
) -> None:
    (harvest,) = adapted.get_catalog().items
    assert harvest.label == "harvest"
    assert labels(harvest.children) == [*sorted(TABLES), *(f"{name}()" for name in sorted(views()))]
    by_label = {item.label: item for item in harvest.children}
    clients = by_label["clients"]
    assert (clients.query_name, clients.type_label) == ("harvest.clients", "t")
    assert [(each.label, each.type_label, each.type_name) for each in clients.children[:2]] == [
        ("id", "##", "BIGINT"),
        ("name", "s", "VARCHAR"),
    ]
    used = by_label["utilization()"]
    assert used.query_name == "harvest.utilization()"
    assert [(each.label, each.query_name, each.type_label) for each in used.children[2:5]] == [
        ("week_starts :=", "week_starts := ", "s"),
        ("holidays :=", "holidays := ", "[d]"),
        ("time_off :=", "time_off := ", "[s]"),
    ]
    offered = {each.value for each in adapted.get_completions()}
    assert {"sum", "select", "read_csv", "harvest_scan("} <= offered
    assert adapted.validate_sql("FROM harvest.clients") == "FROM harvest.clients"
    assert adapted.validate_sql("FROM (") == ""
    assert not sandbox.requests


def test_a_query_asks_once_and_no_more_than_its_limit_needs(adapted: HarvestConnection, sandbox: Sandbox) -> None:
    counted = adapted.execute("SELECT count(*) AS entries FROM harvest.time_entries")
    assert counted is not None
    for _ in range(2):
        assert counted.fetchall().to_pylist() == [{"entries": 2500}]
        assert counted.columns() == [("entries", "##")]
    assert len(sandbox.requests) == 1
    sandbox.clear_log()
    limited = adapted.execute("SELECT id, spent_date, hours, billable, notes, created_at FROM harvest.time_entries")
    assert limited is not None
    assert limited.set_limit(10).fetchall().num_rows == 10
    assert [kind for _, kind in limited.columns()] == ["##", "d", "#.#", "t/f", "s", "ts"]
    assert len(asked(sandbox)) < 3


def test_statements_run_in_their_order_whenever_their_rows_are_taken(adapted: HarvestConnection) -> None:
    """Harlequin runs all of them, and takes the rows then."""
    sql = [
        "CREATE TABLE kept AS SELECT 1 AS a",
        "FROM kept",
        "INSERT INTO kept VALUES (2)",
        "FROM kept",
        "DROP TABLE kept",
    ]
    cursors = [adapted.execute(each) for each in sql]
    rows = [cursor and cursor.fetchall().to_pylist() for cursor in cursors]
    assert rows == [None, [{"a": 1}], None, [{"a": 1}, {"a": 2}], None]
    assert adapted.execute("-- nothing") is None


@pytest.mark.parametrize("sql", ["FROM harvest.clints", "FROM harvest_scan('clints')", "FROM ("])
def test_an_error_is_one_of_harlequin_and_the_next_query_runs(sql: str, adapted: HarvestConnection) -> None:
    with pytest.raises(HarlequinQueryError) as refused:
        adapted.execute(sql).fetchall()  # type: ignore[union-attr]
    assert "arrow_scan" not in str(refused.value)
    assert adapted.execute("SELECT 1 AS a").fetchall().to_pylist() == [{"a": 1}]  # type: ignore[union-attr]


def test_what_harvest_refuses_is_told_in_its_one_line(adapted: HarvestConnection, sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", status=403, body=b"{}")
    with pytest.raises(HarlequinQueryError, match=r"^clients page 1: Harvest answered 403: ") as refused:
        adapted.execute("FROM harvest.clients").fetchall()  # type: ignore[union-attr]
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("how", ["cancel", "another query"])
def test_a_query_that_is_canceled_or_replaced_ends_its_requests(
    how: str, adapted: HarvestConnection, sandbox: Sandbox
) -> None:
    cursor = adapted.execute("FROM harvest.time_entries")
    assert cursor is not None
    with held(sandbox) as holding, ThreadPoolExecutor(1) as other:
        taken = other.submit(cursor.fetchall)
        assert holding.arrived.wait(PATIENCE_S)
        # The tree is there meanwhile.
        assert adapted.get_catalog().items
        if how == "cancel":
            adapted.cancel()
        else:
            assert adapted.execute("SELECT 1 AS a").fetchall().num_rows == 1  # type: ignore[union-attr]
        assert taken.result(PATIENCE_S) is None
        assert holding.all_gone()
    assert cursor.columns() == []


@pytest.mark.parametrize(
    "sql",
    [
        ["CREATE TABLE people AS FROM harvest.clients; INSERT INTO kept VALUES (1)"],
        ["FROM harvest.clients", "INSERT INTO kept VALUES (1)"],
    ],
)
def test_nothing_runs_after_a_statement_that_is_canceled(
    sql: list[str], adapted: HarvestConnection, sandbox: Sandbox
) -> None:
    adapted.execute("CREATE OR REPLACE TABLE kept (a INTEGER)")
    with held(sandbox, "/clients") as holding, ThreadPoolExecutor(1) as other:
        running = other.submit(lambda: [adapted.execute(each) for each in sql])
        assert holding.arrived.wait(PATIENCE_S)
        adapted.cancel()
        assert running.result(PATIENCE_S)[-1] is None
    assert adapted.execute("FROM kept").fetchall().num_rows == 0  # type: ignore[union-attr]


def test_a_query_ends_before_its_connection_is_closed(connection: str, sandbox: Sandbox) -> None:
    opened = HarvestAdapter((connection,)).connect()
    cursor = opened.execute("FROM harvest.clients")
    assert cursor is not None
    with held(sandbox, "/clients") as holding, ThreadPoolExecutor(1) as other:
        taken = other.submit(cursor.fetchall)
        assert holding.arrived.wait(PATIENCE_S)
        opened.close()
        assert taken.result(PATIENCE_S) is None
        assert holding.all_gone()
    with pytest.raises(duckdb.ConnectionException):
        opened.get_catalog()


def test_a_connection_string_is_given_once_and_its_secret_names_no_history() -> None:
    whole = HarvestAdapter(("AccountId=7", "APIKey=t0ken"))
    assert whole.connection_id == "AccountId=7"
    assert HarvestAdapter((), connection="dsn=acme").connection_id == "DSN=acme"
    assert HarvestAdapter(("no string",)).connection_id == HarvestAdapter(()).connection_id == ""
    with pytest.raises(HarlequinConfigError, match="given twice"):
        HarvestAdapter(("DSN=acme",), connection="DSN=acme")
    with pytest.raises(HarlequinConnectionError, match="DSN names no connection"):
        HarvestAdapter(("DSN=nobody",)).connect()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_person_sees_the_tables_runs_a_query_and_cancels_one(
    sandbox: Sandbox, connection: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command = [str(Path(sys.executable).parent / "harlequin"), "--adapter", "harvest"]
    variables = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_STATE_HOME": str(home)}

    def pasted(sql: str) -> str:
        return f"\x1b[200~{sql}\x1b[201~"

    with pseudo_terminal.typing(columns=100, connection=connection, command=command, **variables) as person:
        person.until("harvest")
        assert not sandbox.requests
        person.types(pasted("SELECT 'sum is ' || sum(id) FROM harvest.clients") + RUN)
        person.until(f"sum is {sum(record['id'] for record in sandbox.records(MAIN_ID, 'clients'))}")
        assert asked(sandbox) == ["/clients"]
        # The rows take the focus; what the editor can do stands below once it has it again.
        person.until("executed")
        person.types(FOCUS_EDITOR)
        person.until("Format")
        person.types(NEW_TAB)
        person.until("Tab 2")
        with held(sandbox) as holding:
            person.types(pasted("FROM harvest.time_entries") + RUN)
            assert holding.arrived.wait(PATIENCE_S)
            person.types(CANCEL)
            assert holding.all_gone()
            person.until("canceled")
        person.types(QUIT)
        assert person.ends() == 0
        token = sandbox.connection_string().partition("APIKey=")[2]
        assert token not in person.shown
    assert not [file for file in home.rglob("*") if file.is_file() and token.encode() in file.read_bytes()]
