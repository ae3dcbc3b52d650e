"""What SET, SHOW, DISCARD and set_config() do, and that a time zone is that of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.wire_client import WireError

if TYPE_CHECKING:
    from support.serving import Serving
    from support.wire_client import WireClient

MOMENT = "TIMESTAMPTZ '2026-07-01 12:00:00+00'"


def test_a_setting_is_shown_by_statement_and_by_function(client: WireClient) -> None:
    client.query("SET statement_timeout = '90s'")
    assert client.query("SHOW statement_timeout").rows == [("90s",)]
    assert client.query("SHOW statement_timeout").names == ["statement_timeout"]
    assert client.query("SHOW datestyle").names == ["DateStyle"]
    rows = client.query("SHOW ALL")
    assert rows.names == ["name", "setting", "description"]
    assert ("TimeZone", "UTC") in {row[:2] for row in rows.rows}
    client.query("RESET ALL")
    assert client.query("SHOW statement_timeout").rows == [("0",)]
    client.parse("SHOW TimeZone")
    client.bind()
    client.describe()
    client.execute()
    assert client.sync().rows == [("UTC",)]


@pytest.mark.parametrize("name", ["nonsense", "SHOW"])
def test_a_setting_that_is_not_known_is_named(client: WireClient, name: str) -> None:
    with pytest.raises(WireError, match=f'unrecognized configuration parameter "{name.lower()}"'):
        client.query(f"SHOW {name}")


@pytest.mark.parametrize(
    ("zone", "shown", "moment"),
    [
        ("'Europe/Berlin'", "Europe/Berlin", "2026-07-01 14:00:00+02"),
        ("'america/new_york'", "America/New_York", "2026-07-01 08:00:00-04"),
        ("-8", "Etc/GMT+8", "2026-07-01 04:00:00-08"),
        ("'UTC-2'", "Etc/GMT-2", "2026-07-01 14:00:00+02"),
        ("INTERVAL '+02:00' HOUR TO MINUTE", "Etc/GMT-2", "2026-07-01 14:00:00+02"),
        ("'+02:00'", "Etc/GMT+2", "2026-07-01 10:00:00-02"),
        ("'Asia/Kolkata'", "Asia/Kolkata", "2026-07-01 17:30:00+05:30"),
    ],
)
def test_moments_are_told_in_the_time_zone_of_the_session(
    client: WireClient, zone: str, shown: str, moment: str
) -> None:
    client.query(f"SET TIME ZONE {zone}")
    assert client.settings["TimeZone"] == shown
    result = client.query(f"SELECT {MOMENT} AS moment, date_part('hour', {MOMENT})::int AS hour")
    assert result.rows == [(moment, str(int(moment[11:13])))]
    client.query("SET TIME ZONE LOCAL")
    assert client.query(f"SELECT {MOMENT}").rows == [("2026-07-01 12:00:00+00",)]


def test_a_time_zone_holds_for_one_session_and_for_its_transaction(served: Serving, client: WireClient) -> None:
    other = served.connect(TimeZone="Asia/Tokyo")
    client.query("BEGIN; SET LOCAL TimeZone = 'Europe/Berlin'")
    assert client.query(f"SELECT {MOMENT}").rows == [("2026-07-01 14:00:00+02",)]
    client.query("COMMIT")
    assert client.query(f"SELECT {MOMENT}").rows == [("2026-07-01 12:00:00+00",)]
    assert other.query(f"SELECT {MOMENT}").rows == [("2026-07-01 21:00:00+09",)]
    assert client.settings["TimeZone"] == "UTC"


@pytest.mark.parametrize("sql", ["SET TIME ZONE 'Asia/Tokyo'", "SELECT set_config('TimeZone', 'Asia/Tokyo', false)"])
def test_what_is_set_after_set_local_stays(client: WireClient, sql: str) -> None:
    client.query(f"BEGIN; SET LOCAL TimeZone = 'Europe/Berlin'; {sql}; COMMIT")
    assert client.query("SHOW TimeZone").rows == [("Asia/Tokyo",)]
    client.query("BEGIN; SET LOCAL TimeZone = 'Europe/Berlin'; RESET TimeZone; COMMIT")
    assert client.settings["TimeZone"] == "UTC"


def test_settings_are_set_by_a_function(client: WireClient) -> None:
    client.parse("SELECT pg_catalog.set_config($1, $2, false)", types=[25, 25])
    client.describe("S")
    client.sync()
    assert client.settings["application_name"] == ""
    client.bind(["application_name", "by function"])
    client.execute()
    assert client.sync().rows == [(b"by function",)]
    assert client.settings["application_name"] == "by function"
    result = client.query("BEGIN; SELECT set_config('TimeZone', 'Asia/Tokyo', true); COMMIT; SHOW TimeZone")
    assert result.rows == [("Asia/Tokyo",), ("UTC",)]


def test_a_setting_is_read_and_set_at_once(client: WireClient) -> None:
    """As asyncpg does before it asks for types, and pgAdmin when it connects."""
    result = client.query("SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new")
    assert (result.names, result.rows[0][1]) == (["cur", "new"], "off")
    assert client.query("SHOW jit").rows == [("off",)]
    client.query(f"SELECT set_config('jit', '{result.rows[0][0]}', false)")
    assert client.query("SHOW jit").rows == [(result.rows[0][0],)]
    client.query("SELECT set_config('application_name', 'never', false) WHERE false")
    assert client.settings["application_name"] == ""
    with pytest.raises(WireError, match="unrecognized configuration parameter"):
        client.query("SELECT set_config('nonsense', '1', false), 1")


def test_discard_all_makes_a_session_as_new(client: WireClient) -> None:
    client.query("SET TimeZone = 'Asia/Tokyo'; PREPARE p AS SELECT 1; LISTEN x")
    assert client.query("DISCARD ALL").tags == ["DISCARD ALL"]
    assert client.settings["TimeZone"] == "UTC"
    with pytest.raises(WireError, match="does not exist"):
        client.query("EXECUTE p")
    client.query("BEGIN")
    with pytest.raises(WireError, match="cannot run inside a transaction block"):
        client.query("DISCARD ALL")
    client.query("ROLLBACK")


def test_the_session_knows_whose_it_is(client: WireClient) -> None:
    result = client.query("SELECT current_user, session_user, pg_backend_pid(), current_setting('server_encoding')")
    assert result.rows == [("tester", "tester", str(client.process), "UTF8")]
    with pytest.raises(WireError, match='permission denied to set role "bob"'):
        client.query("SET ROLE bob")


def test_a_plan_is_rows_of_text(served: Serving, client: WireClient) -> None:
    result = client.query("EXPLAIN SELECT sum(hours) FROM harvest.time_entries")
    assert (result.names, result.tags) == (["QUERY PLAN"], ["EXPLAIN"])
    assert len(result.rows) > 3
    assert not served.sandbox.requests
    assert client.query("EXPLAIN ANALYZE SELECT count(*) FROM harvest.clients").rows
    assert served.requests("/clients") == 1
    client.query("PREPARE p(int) AS SELECT $1")
    assert client.query("EXPLAIN EXECUTE p(1)").rows
    assert client.query("EXPLAIN (FORMAT JSON) SELECT 1").rows[0][0].startswith("[")
    with pytest.raises(WireError, match="FORMAT xml"):
        client.query("EXPLAIN (FORMAT XML) SELECT 1")


def test_the_cache_is_shown(client: WireClient) -> None:
    client.query("SELECT count(*) FROM harvest.roles")
    result = client.query("SHOW harvest.cache")
    assert result.names[:2] == ["table_name", "source"]
    assert "roles" in {row[0] for row in result.rows}
