"""Statements and portals over the wire, message by message: PostgreSQL's chapter "Message Flow"."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import duckdb
import pytest
from aiohttp import web
from support.wire_client import WireClient, WireError, text

from harvest_duck.sandbox import MAIN_ID
from harvest_duck.servers.postgres.session.settings import REPORTED

if TYPE_CHECKING:
    from support.serving import Serving

IDS = "SELECT id FROM harvest.time_entries ORDER BY id"
STREAMED = "SELECT id, notes FROM harvest.time_entries"


def failed(client: WireClient, sql: str) -> WireError:
    """The error of a statement."""
    with pytest.raises(WireError) as caught:
        client.query(sql)
    return caught.value


def test_a_session_begins_with_what_postgresql_tells(served: Serving) -> None:
    client = served.connect(application_name="tests", options="-c TimeZone=europe/berlin --statement-timeout=5s")
    assert list(client.settings) == list(REPORTED)
    assert client.settings["application_name"] == "tests"
    assert client.settings["TimeZone"] == "Europe/Berlin"
    assert client.settings["session_authorization"] == "tester"
    assert client.settings["server_version"].startswith("15.")
    assert client.process > 0
    assert len(client.key) == 4
    assert client.status == "I"
    assert client.query("SHOW statement_timeout").rows == [("5s",)]


@pytest.mark.parametrize(
    ("options", "name"),
    [(r"-c application_name=a\ b\\c", r"a b\c"), ("-c application_name=a\\", "a"), ("\t-c\napplication_name='a", "'a")],
)
def test_options_of_a_session_have_blanks_behind_a_backslash(served: Serving, options: str, name: str) -> None:
    assert served.connect(options=options).settings["application_name"] == name


@pytest.mark.parametrize(
    ("given", "sqlstate"),
    [
        ({"database": "nowhere"}, "3D000"),
        ({"user": ""}, "28000"),
        ({"nonsense": "1"}, "42704"),
        ({"TimeZone": "Mars/Olympus"}, "22023"),
        ({"client_encoding": "LATIN1"}, "0A000"),
        ({"replication": "database"}, "0A000"),
        ({"options": "-x"}, "42601"),
        ({"options": "\\"}, "42601"),
    ],
)
def test_a_session_that_cannot_be_is_refused(served: Serving, given: dict[str, str], sqlstate: str) -> None:
    with pytest.raises(WireError) as caught:
        served.connect(**given)
    assert (caught.value.sqlstate, caught.value.fields["S"]) == (sqlstate, "FATAL")


def test_a_client_of_a_later_protocol_hears_which_one_is_spoken(served: Serving) -> None:
    client = WireClient(served.port, user=None)
    client.send_startup({"user": "tester", "database": "sandbox", "_pq_.later": "1"}, version=3 << 16 | 2)
    message = client.read_message()
    assert (message.kind, message.body) == ("v", struct.pack(">ii", 3 << 16, 1) + b"_pq_.later\0")
    client.sign_in()
    client.close()


def test_statements_of_one_query_run_until_one_fails(client: WireClient) -> None:
    client.send("Q", b"SELECT 1; SELECT 2; SELECT nope; SELECT 3\0")
    result = client.until_ready(refuse=False)
    assert result.kinds == "TDCTDCEZ"
    assert result.rows == [("1",), ("2",)]
    assert result.error is not None
    assert result.error.sqlstate == "42703"
    assert client.query("SELECT 4").rows == [("4",)]


@pytest.mark.parametrize("sql", ["", " ", ";", "-- nothing\n", "/* a /* b */ */ ; ;"])
def test_no_statement_is_answered_as_such(client: WireClient, sql: str) -> None:
    assert client.query(sql).kinds == "IZ"
    assert client.run(sql).kinds == "12nIZ"


def test_rows_are_those_of_the_account(served: Serving, client: WireClient) -> None:
    result = client.query(IDS)
    assert [int(row[0]) for row in result.rows] == sorted(
        entry["id"] for entry in served.sandbox.records(MAIN_ID, "time_entries")
    )
    assert result.tags == [f"SELECT {len(result.rows)}"]
    assert (
        client.query("SELECT id FROM sandbox.harvest.clients ORDER BY 1").rows
        == client.query("SELECT id FROM clients ORDER BY 1").rows
    )


def test_a_portal_gives_as_many_rows_as_are_asked_for(client: WireClient) -> None:
    client.query("BEGIN")
    client.parse("SELECT * FROM generate_series(1, 5)", name="five")
    client.bind(statement="five", portal="p")
    for _ in range(3):
        client.execute(2, portal="p")
    result = client.sync()
    assert (result.kinds, result.tags) == ("12DDsDDsDCZ", ["SELECT 1"])
    client.execute(2, portal="p")
    assert client.sync().tags == ["SELECT 0"]
    client.query("COMMIT")
    client.execute(2, portal="p")
    result = client.sync(refuse=False)
    assert result.error is not None
    assert result.error.sqlstate == "34000"


def test_portals_are_open_side_by_side(client: WireClient) -> None:
    client.query("BEGIN")
    for name in "abc":
        client.parse("SELECT id FROM harvest.projects ORDER BY id")
        client.bind(portal=name)
    kinds = client.sync().kinds
    found: dict[str, list[object]] = {name: [] for name in "abc"}
    for name in "abcabc":
        client.execute(3, portal=name)
        found[name] += client.sync().rows
    assert kinds == "121212Z"
    assert found["a"] == found["b"] == found["c"]
    assert len(set(map(str, found["a"]))) == 6
    assert client.query("SELECT 1").rows == [("1",)]
    client.close_portal("a")
    client.execute(1, portal="a")
    assert client.sync(refuse=False).kinds == "3EZ"


def test_a_few_rows_of_a_large_table_take_few_requests(served: Serving, client: WireClient) -> None:
    client.query("BEGIN")
    client.parse(STREAMED)
    client.bind(portal="p")
    client.execute(10, portal="p")
    assert len(client.sync().rows) == 10
    pages = len(served.sandbox.records(MAIN_ID, "time_entries")) // 50
    client.close_portal("p")
    client.sync()
    assert served.requests("/time_entries") < pages
    sent = served.requests("/time_entries")
    assert client.query("ROLLBACK; SELECT 1").rows == [("1",)]
    assert served.requests("/time_entries") == sent


def test_what_follows_an_error_is_skipped_until_sync(client: WireClient) -> None:
    client.parse("SELECT nope")
    client.bind()
    client.execute()
    client.parse("SELECT 1")
    client.bind()
    assert client.sync(refuse=False).kinds in ("EZ", "1EZ")
    client.parse("SELECT 1")
    client.bind()
    client.execute()
    assert client.sync().kinds == "12DCZ"


@pytest.mark.parametrize("kind", ["B", "P", "Q", "F", "D"])
def test_what_is_skipped_is_not_read_either(client: WireClient, kind: str) -> None:
    client.execute(portal="none")
    client.send(kind, b"no end")
    assert client.sync(refuse=False).kinds == "EZ"
    assert client.query("SELECT 1").rows == [("1",)]


def test_a_sync_that_is_malformed_ends_the_skipping(client: WireClient) -> None:
    client.execute(portal="none")
    client.send("S", b"more")
    assert client.until_ready(refuse=False).kinds == "EEZ"
    assert client.query("SELECT 1").rows == [("1",)]


def test_statements_have_names(client: WireClient) -> None:
    client.parse("SELECT 1", name="one")
    client.parse("SELECT 2", name="one")
    result = client.sync(refuse=False)
    assert result.error is not None
    assert result.error.sqlstate == "42P05"
    client.close_statement("one")
    client.close_statement("never was")
    client.parse("SELECT 2", name="one")
    client.bind(statement="one")
    client.execute()
    assert client.sync().kinds == "3312DCZ"
    client.bind(statement="never was")
    result = client.sync(refuse=False)
    assert result.error is not None
    assert result.error.sqlstate == "26000"
    assert client.query("EXECUTE one").kinds == "TDCZ"
    client.query("DEALLOCATE one")
    assert failed(client, "EXECUTE one").sqlstate == "26000"


def test_values_of_parameters_are_counted(client: WireClient) -> None:
    client.parse("SELECT $1::int + $2::int")
    client.bind(["1"])
    result = client.sync(refuse=False)
    assert result.error is not None
    assert result.error.sqlstate == "08P01"
    assert client.run("SELECT $1::int + $2::int", ["1", "2"]).rows == [("3",)]
    assert failed(client, "SELECT $1").sqlstate == "42P02"


def test_what_a_statement_was_described_as_is_what_it_sends(client: WireClient) -> None:
    client.parse("SELECT $1 AS it")
    client.describe("S")
    client.bind(["12"])
    client.describe()
    client.execute()
    result = client.sync()
    assert result.kinds == "1tT2TDCZ"
    assert (result.parameters, result.columns[0].oid, result.rows) == ([25], 25, [("12",)])


def test_several_statements_cannot_be_prepared_as_one(client: WireClient) -> None:
    client.parse("SELECT 1; SELECT 2")
    result = client.sync(refuse=False)
    assert result.error is not None
    assert result.error.sqlstate == "42601"


def test_portals_end_with_their_transaction(client: WireClient) -> None:
    client.parse("SELECT 1")
    client.bind(portal="p")
    client.sync()
    client.execute(portal="p")
    assert client.sync(refuse=False).kinds == "EZ"


def test_a_command_runs_when_its_portal_is_executed(client: WireClient) -> None:
    client.parse("BEGIN")
    client.describe("S")
    client.bind(portal="b")
    assert client.sync().kinds == "1tn2Z"
    assert client.status == "I"
    client.parse("BEGIN")
    client.bind()
    client.execute()
    client.execute()
    result = client.sync(refuse=False)
    assert (result.kinds, result.status) == ("12CEZ", "E")
    client.query("ROLLBACK")


def test_an_error_comes_at_once_to_a_client_that_flushes(client: WireClient) -> None:
    client.parse("SELECT nothing FROM harvest.clients", name="one")
    client.describe("S", "one")
    client.flush()
    while client.read_message().kind != "E":
        pass
    assert client.sync().kinds == "Z"


def test_a_call_by_the_number_of_a_function_is_refused(client: WireClient) -> None:
    client.send("F", struct.pack(">ihhh", 1, 0, 0, 0))
    result = client.until_ready(refuse=False)
    assert result.error is not None
    assert result.error.sqlstate == "0A000"
    assert client.query("SELECT 1").rows == [("1",)]


def test_data_for_a_copy_that_failed_is_passed_over(client: WireClient) -> None:
    for kind in "dc":
        client.send(kind, b"")
    client.send("f", b"no\0")
    assert client.sync().kinds == "Z"


def test_two_databases_of_one_name_are_not_needed_to_name_one(client: WireClient) -> None:
    assert client.query("SELECT current_database(), current_schema()").rows == [("sandbox", "harvest")]


def test_an_error_after_rows_ends_the_statement_and_not_the_session(served: Serving, client: WireClient) -> None:
    async def refuse(request: web.BaseRequest) -> web.Response | None:
        late = request.path.endswith("/time_entries") and int(request.query.get("page", 1)) >= 40
        return web.json_response({"message": "Not yours"}, status=403) if late else None

    served.sandbox.on_request = refuse
    try:
        client.send("Q", text("SELECT repeat('x', 10000 + id % 2) FROM harvest.time_entries"))
        result = client.until_ready(refuse=False)
    finally:
        served.sandbox.on_request = None
    assert result.error is not None
    assert (result.error.sqlstate, result.status, result.tags) == ("42501", "I", [])
    assert "403" in result.error.message
    # DuckDB 1 keeps them until it has 2,048.
    assert result.rows or duckdb.__version__.startswith("1.")
    assert client.query("SELECT count(*) FROM harvest.clients").tags == ["SELECT 1"]
