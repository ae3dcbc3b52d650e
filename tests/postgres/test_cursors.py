"""Cursors of SQL, statements that SQL prepares, and transactions over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.wire_client import WireError

if TYPE_CHECKING:
    from support.serving import Serving
    from support.wire_client import Result, WireClient

ROWS = "SELECT * FROM generate_series(1, 9) AS g(n)"
#: A query that fails when it runs.
BREAKS = "SELECT ('x' || n)::int AS n FROM generate_series(1, 9) AS g(n)"
BROKEN = "22P02"


def failed(client: WireClient, sql: str) -> str:
    """The SQLSTATE of a statement that fails."""
    with pytest.raises(WireError) as caught:
        client.query(sql)
    return caught.value.sqlstate


def numbers(result: Result) -> list[int]:
    """The rows of one column."""
    return [int(row[0]) for row in result.rows]


def test_a_cursor_is_fetched_from_in_one_direction(client: WireClient) -> None:
    client.query(f"BEGIN; DECLARE c NO SCROLL CURSOR FOR {ROWS}")
    steps = {
        "FETCH c": [1],
        "FETCH NEXT FROM c": [2],
        "FETCH 2 IN c": [3, 4],
        "FETCH RELATIVE 2 FROM c": [6],
        "FETCH ABSOLUTE 8 FROM c": [8],
        "FETCH FORWARD ALL FROM c": [9],
        "FETCH c ": [],
    }
    for sql, wanted in steps.items():
        result = client.query(sql)
        assert (numbers(result), result.tags) == (wanted, [f"FETCH {len(wanted)}"]), sql
    for sql in ("FETCH PRIOR FROM c", "FETCH FIRST FROM c", "FETCH BACKWARD 2 FROM c", "MOVE LAST FROM c", "FETCH 0 c"):
        client.query("SAVEPOINT s")
        assert failed(client, sql) == "55000", sql
        client.query("ROLLBACK TO s")
    assert client.query("COMMIT").status == "I"


def test_a_cursor_is_moved(client: WireClient) -> None:
    client.query(f"BEGIN; DECLARE c CURSOR FOR {ROWS}")
    assert client.query("MOVE 3 IN c").tags == ["MOVE 3"]
    assert numbers(client.query("FETCH c")) == [4]
    assert client.query("MOVE ABSOLUTE 7 IN c").tags == ["MOVE 1"]
    assert client.query("MOVE FORWARD ALL IN c").tags == ["MOVE 2"]
    assert client.query("FETCH ALL IN c").tags == ["FETCH 0"]
    client.query("CLOSE c; COMMIT")


def test_a_cursor_lives_as_long_as_its_transaction(client: WireClient) -> None:
    assert failed(client, f"DECLARE c CURSOR FOR {ROWS}") == "25P01"
    client.query(f"BEGIN; DECLARE c CURSOR FOR {ROWS}; DECLARE held CURSOR WITH HOLD FOR {ROWS}; COMMIT")
    assert failed(client, "FETCH c") == "34000"
    assert numbers(client.query("FETCH 2 FROM held")) == [1, 2]
    client.query(f"BEGIN; DECLARE lost CURSOR WITH HOLD FOR {ROWS}; ROLLBACK")
    assert failed(client, "FETCH lost") == "34000"
    assert numbers(client.query("FETCH 2 FROM held")) == [3, 4]
    assert client.query("CLOSE ALL").tags == ["CLOSE CURSOR ALL"]
    assert failed(client, "CLOSE held") == "34000"


def test_a_cursor_of_statements_that_failed_is_not_held(client: WireClient) -> None:
    declare = f"DECLARE lost CURSOR WITH HOLD FOR {ROWS}"
    client.query(f"DECLARE held CURSOR WITH HOLD FOR {ROWS}")
    assert failed(client, f"{declare}; SELECT nope") == "42703"
    assert failed(client, "FETCH lost") == "34000"
    client.parse(declare)
    client.bind()
    client.execute()
    client.execute(portal="none")
    assert client.sync(refuse=False).kinds == "12CEZ"
    assert failed(client, "FETCH lost") == "34000"
    assert failed(client, f"BEGIN; {declare}; COMMIT; SELECT nope") == "42703"
    assert numbers(client.query("FETCH lost; FETCH held")) == [1, 1]
    client.query("CLOSE ALL")


def test_a_cursor_ends_where_its_transaction_goes_back_behind_it(client: WireClient) -> None:
    client.query(f"BEGIN; DECLARE a CURSOR FOR {ROWS}; SAVEPOINT s; DECLARE b CURSOR FOR {ROWS}; ROLLBACK TO s")
    assert numbers(client.query("FETCH a")) == [1]
    assert failed(client, "FETCH b") == "34000"
    client.query(f"ROLLBACK TO s; DECLARE b CURSOR FOR {ROWS}; RELEASE s; SAVEPOINT s; ROLLBACK TO s")
    assert numbers(client.query("FETCH b")) == [1]
    client.query("COMMIT")


def test_a_cursor_whose_query_failed_has_no_end(client: WireClient) -> None:
    client.query(f"BEGIN; DECLARE c CURSOR WITH HOLD FOR {BREAKS}; SAVEPOINT s")
    assert failed(client, "FETCH ALL c") == BROKEN
    for sql in ("FETCH c", "MOVE 2 c", "FETCH ALL c"):
        client.query("ROLLBACK TO s")
        assert failed(client, sql) == "55000", sql
    client.query(f"ROLLBACK; DECLARE c CURSOR WITH HOLD FOR {BREAKS}")
    assert failed(client, "MOVE ALL c") == BROKEN
    assert failed(client, "FETCH c") == "55000"
    assert client.query("CLOSE c").tags == ["CLOSE CURSOR"]


@pytest.mark.parametrize("lost", ["FETCH 3 c", "FETCH ALL c"])
def test_a_cursor_whose_rows_were_lost_is_not_read_on(client: WireClient, lost: str) -> None:
    """PostgreSQL has no such text; it is an error after the rows were taken, as a cancel request may be."""
    client.query("BEGIN; DECLARE c CURSOR FOR SELECT CASE n WHEN 3 THEN chr(0) ELSE n::text END FROM range(9) t(n)")
    assert numbers(client.query("FETCH 2 c; SAVEPOINT s")) == [0, 1]
    assert failed(client, lost) == "22021"
    for sql in ("FETCH c", "MOVE c"):
        client.query("ROLLBACK TO s")
        assert failed(client, sql) == "55000"
    client.query("ROLLBACK")


def test_cursors_and_portals_are_of_one_kind(client: WireClient) -> None:
    client.query(f"BEGIN; DECLARE c CURSOR FOR {ROWS}")
    assert failed(client, f"DECLARE c CURSOR FOR {ROWS}") == "42P03"
    client.query(f"ROLLBACK; BEGIN; DECLARE c CURSOR FOR {ROWS}")
    client.describe("P", "c")
    client.execute(2, portal="c")
    client.close_portal("c")
    result = client.sync()
    assert (result.kinds, numbers(result)) == ("TDDs3Z", [1, 2])
    assert failed(client, "FETCH c") == "34000"
    client.query("ROLLBACK")


def test_a_portal_is_fetched_from_and_moved_by_sql(client: WireClient) -> None:
    client.query("BEGIN")
    client.parse(ROWS)
    client.bind(portal="__p_1__", result_formats=[1])
    client.execute(2, portal="__p_1__")
    assert client.sync().rows == [(bytes([0, 0, 0, 0, 0, 0, 0, n]),) for n in (1, 2)]
    assert client.query("MOVE FORWARD 3 __p_1__").tags == ["MOVE 3"]
    client.execute(1, portal="__p_1__")
    assert client.sync().rows == [(bytes([0, 0, 0, 0, 0, 0, 0, 6]),)]
    assert client.query("CLOSE __p_1__").tags == ["CLOSE CURSOR"]
    assert failed(client, "FETCH __p_1__") == "34000"
    client.query("ROLLBACK")


def test_rows_of_a_portal_are_numbered_from_its_first(client: WireClient) -> None:
    client.query("BEGIN")
    client.parse(ROWS)
    client.bind(portal="p")
    client.execute(2, portal="p")
    client.sync()
    assert numbers(client.query("FETCH ABSOLUTE 3 p")) == [3]
    assert client.query("MOVE 2 p").tags == ["MOVE 2"]
    assert numbers(client.query("FETCH ABSOLUTE 7 p")) == [7]
    for sql in ("FETCH ABSOLUTE 7 p", "FETCH 0 p"):
        client.query("SAVEPOINT s")
        assert failed(client, sql) == "55000", sql
        client.query("ROLLBACK TO s")
    client.query("ROLLBACK")


@pytest.mark.usefixtures("required_run")
def test_many_cursors_of_large_tables_are_open_at_once(served: Serving, client: WireClient) -> None:
    names = ["c0", "c1"]
    client.query("BEGIN")
    for name in names:
        client.query(f"DECLARE {name} CURSOR FOR SELECT id FROM harvest.time_entries ORDER BY id")
    found: dict[str, list[int]] = {name: [] for name in names}
    for name in names * 2:
        found[name] += numbers(client.query(f"FETCH 500 FROM {name}"))
    assert len(set(map(tuple, found.values()))) == 1
    assert found["c0"] == sorted(entry["id"] for entry in served.sandbox.records(served.account, "time_entries"))[:1000]
    client.query("COMMIT")


def test_a_fetch_is_described_and_sent_in_binary(client: WireClient) -> None:
    client.query(f"BEGIN; DECLARE c CURSOR FOR {ROWS}")
    client.parse("FETCH 2 FROM c", name="f")
    client.describe("S", "f")
    client.bind(statement="f", result_formats=[1])
    client.describe()
    client.execute()
    result = client.sync()
    assert result.kinds == "1tT2TDDCZ"
    assert [int.from_bytes(row[0], "big") for row in result.rows] == [1, 2]
    assert failed(client, "FETCH c") == "0A000"
    client.query("ROLLBACK")


def test_a_statement_is_prepared_by_sql(client: WireClient) -> None:
    client.query("PREPARE p(int, text) AS SELECT $1 + 1 AS more, $2 || '!' AS said")
    result = client.query("EXECUTE p(41, 'it''s')")
    assert (result.names, result.rows, result.tags) == (["more", "said"], [("42", "it's!")], ["SELECT 1"])
    assert failed(client, "EXECUTE p(1)") == "42601"
    assert failed(client, "PREPARE p AS SELECT 1") == "42P05"
    client.bind(["1", "x"], statement="p")
    client.execute()
    assert client.sync().rows == [(b"2", b"x!")]
    assert client.query("DEALLOCATE p").tags == ["DEALLOCATE"]
    assert failed(client, "EXECUTE p(1, 'x')") == "26000"
    assert client.query("DEALLOCATE ALL").tags == ["DEALLOCATE ALL"]


def test_what_execute_gives_is_read_as_it_is_written(client: WireClient) -> None:
    client.query("PREPARE i(int) AS SELECT $1; PREPARE b(boolean) AS SELECT $1; PREPARE u AS SELECT $1")
    given = {
        "i(CASE WHEN true THEN 1 ELSE 2 END)": "1",
        "i(1 - -1)": "2",
        "i(1 -- a comment\n + 2)": "3",
        "b(NOT true)": "f",
        "b(1 IS /* none */ NULL)": "f",
        "u((SELECT max(x) FROM (VALUES (7), (8)) AS v(x)))": "8",
        "u(extract(year FROM DATE '2026-01-02'))": "2026",
        "u('a'\n'b')": "ab",
    }
    assert {each: client.query(f"EXECUTE {each}").rows for each in given} == {
        each: [(value,)] for each, value in given.items()
    }
    assert failed(client, "EXECUTE u('a' 'b')") == "42601"


def test_a_setting_that_ends_as_it_was_is_not_told_again(client: WireClient) -> None:
    client.send("Q", b"SET application_name = 'x'; SELECT nope\0")
    assert client.until_ready(refuse=False).kinds == "CEZ"
    client.query("SET application_name = 'x'; RESET application_name; SET application_name = 'y'")
    assert client.settings["application_name"] == "y"


def test_a_transaction_that_failed_takes_nothing_until_it_ends(client: WireClient) -> None:
    client.query("BEGIN; SET application_name = 'inside'")
    assert failed(client, "SELECT nope") == "42703"
    assert client.status == "E"
    for sql in ("SELECT 1", "SHOW TimeZone", "SAVEPOINT s"):
        assert failed(client, sql) == "25P02"
    assert client.query("COMMIT").tags == ["ROLLBACK"]
    assert client.status == "I"
    assert client.settings["application_name"] == ""


def test_statements_of_one_text_are_one_transaction(client: WireClient) -> None:
    assert failed(client, "SET application_name = 'lost'; SELECT nope") == "42703"
    assert client.query("SHOW application_name").rows == [("",)]
    assert failed(client, "BEGIN; SET application_name = 'kept'; COMMIT; SET TimeZone = 'Asia/Tokyo'; SELECT nope")
    assert client.query("SHOW application_name; SHOW TimeZone").rows == [("kept",), ("UTC",)]


def test_a_savepoint_ends_the_failure_after_it(client: WireClient) -> None:
    client.query("BEGIN; SAVEPOINT a")
    failed(client, "SELECT nope")
    assert client.query("ROLLBACK TO SAVEPOINT a").status == "T"
    assert client.query("RELEASE a; SELECT 1").rows == [("1",)]
    assert failed(client, "ROLLBACK TO a") == "3B001"
    client.query("ROLLBACK AND CHAIN")
    assert client.status == "T"
    client.query("ROLLBACK")


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("BEGIN; BEGIN; COMMIT", "25001"),
        ("COMMIT", "25P01"),
        ("ROLLBACK", "25P01"),
        ("SET LOCAL TimeZone = 'UTC'", "25P01"),
        ("SET TRANSACTION READ ONLY", "25P01"),
    ],
)
def test_what_has_no_effect_is_warned_about(client: WireClient, sql: str, sqlstate: str) -> None:
    notices = client.query(sql).notices
    assert [(notice["S"], notice["C"]) for notice in notices] == [("WARNING", sqlstate)]


def test_the_modes_of_a_transaction_are_shown(client: WireClient) -> None:
    client.query("BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY")
    assert client.query("SHOW transaction_isolation").rows == [("serializable",)]
    client.query("COMMIT; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    assert client.query("SHOW default_transaction_isolation").rows == [("repeatable read",)]
    assert client.query("BEGIN; SHOW transaction_isolation; COMMIT").rows == [("repeatable read",)]
    assert client.query("SHOW TRANSACTION ISOLATION LEVEL").rows == [("repeatable read",)]
