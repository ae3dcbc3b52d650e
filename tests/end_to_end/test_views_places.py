"""Where ready views are: in the catalog of every attached account, whatever its name, accounts and connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked

import harvest_duck
from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

OPTIONS = ";RateLimit=off;ReportsRateLimit=off"
PERIOD = "'2026-11-02', '2026-11-20'"


def hours(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[int, int]:
    """The hours of each account in the view `work`."""
    query = f"SELECT account_id, sum(hours) FROM {catalog}.work({PERIOD}) GROUP BY ALL"
    return dict(con.execute(query).fetchall())


def test_each_attached_account_has_views_of_its_own_which_go_with_it(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox, connection: str
) -> None:
    odd, euro = '"Büro ""1"" $to_date$"', sandbox.connection_string(account_id=EURO_ID) + OPTIONS
    harvest_duck.attach(con, euro, name='Büro "1" $to_date$')
    main = hours(con, "harvest")
    found = hours(con, odd)
    assert (list(main), list(found)) == ([MAIN_ID], [EURO_ID])
    both = connection.replace(str(MAIN_ID), f"{MAIN_ID},{EURO_ID}")
    harvest_duck.attach(con, both, name='Büro "1" $to_date$')
    assert hours(con, odd) == main | found
    sandbox.clear_log()
    whose = f"SELECT account_id, user_name, role FROM {odd}._internal.visible('work', 'account') ORDER BY ALL"
    assert [row[0] for row in con.execute(whose).fetchall()] == [MAIN_ID, EURO_ID]
    off = f"SELECT DISTINCT account_id FROM {odd}._internal.days_off('2026-01-01', '2026-12-31', true, true)"
    first = con.execute(off).fetchall()
    # One of the two has no paid time off, which is known from then on.
    requests = asked(sandbox)
    assert con.execute(off).fetchall() == first == [(MAIN_ID,)]
    assert len(requests) == 5
    assert len(asked(sandbox)) == 8
    harvest_duck.attach(con, f"{both};MaxRows=1", name='Büro "1" $to_date$')
    harvest_duck.clear_cache()
    assert len(con.execute(whose.replace("account'", "rows'")).fetchall()) == 2
    sandbox.clear_log()
    with pytest.raises(duckdb.Error, match="work: MaxRows=1 of the connection would cut off the tables"):
        con.execute(whose).fetchall()
    assert asked(sandbox) == []
    con.execute(f"DETACH {odd}")
    with pytest.raises(duckdb.Error, match="Catalog"):
        hours(con, odd)
    assert hours(con, "harvest") == main


def test_every_connection_of_the_database_has_them(con: duckdb.DuckDBPyConnection, connection: str) -> None:
    wanted = hours(con, "harvest")
    with con.cursor() as cursor, con.cursor() as registered:
        harvest_duck.register(registered, connection)
        assert hours(cursor, "harvest") == hours(registered, "harvest") == wanted
        # What it asked is in the log of the connection that asked.
        count = "SELECT count(*) > 0 FROM harvest_requests() WHERE request LIKE '/v2/time_entries%'"
        assert registered.execute(count).fetchall() == [(True,)]
