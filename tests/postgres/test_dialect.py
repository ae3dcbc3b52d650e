"""The page of what differs from PostgreSQL says what the server and a real PostgreSQL 15 say."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, NamedTuple

from support.paths import DOCS
from support.real_postgres import USER, real_postgres
from support.run_size import some_of_postgres
from support.wire_client import WireClient, WireError

if TYPE_CHECKING:
    from support.real_postgres import RealPostgres

__all__ = ["real_postgres"]

TEXT = (DOCS / "serve" / "dialect.md").read_text("utf-8")


class Row(NamedTuple):
    """An expression, and what PostgreSQL and the server say of it: a text, an error with its code, or NULL."""

    sql: str
    postgres: str
    here: str


def _rows() -> list[Row]:
    found = []
    for block in re.findall(r"<!-- (?:made equal|differs|errors) -->\n\|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)", TEXT):
        for line in block.splitlines():
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            said = [cell[1:-1] if cell.startswith("`") else cell for cell in cells]
            found.append(Row(said[0], said[1], said[2] if len(said) > 2 else said[1]))
    return found


ROWS = _rows()


def said(client: WireClient, sql: str) -> str:
    """The text of the value of an expression, or the error."""
    try:
        ((value,),) = client.query(f"SELECT {sql}").rows
    except WireError as error:
        return f"error {error.sqlstate}"
    return "NULL" if value is None else value


def test_the_server_says_what_the_page_says(client: WireClient) -> None:
    assert len(ROWS) > 40
    rows = some_of_postgres(ROWS)
    assert {row.sql: said(client, row.sql) for row in rows} == {row.sql: row.here for row in rows}


def test_postgresql_says_what_the_page_says(real_postgres: RealPostgres) -> None:
    with WireClient(real_postgres.port, USER, "postgres") as client:
        client.query("SET TimeZone = 'UTC'")
        assert {row.sql: said(client, row.sql) for row in ROWS} == {row.sql: row.postgres for row in ROWS}


PATTERNS = [
    "YYYY", "YYY", "YY", "IYYY", "IW", "ID", "MM", "Mon",
    "MON", "month", "Month", "DD", "DDD", "D", "Day", "DY", "dy", "WW",
    "W", "Q", "CC", "J", "HH24", "HH12", "MI", "SS", "MS", "US", "SSSS", "AM", "p.m.", "AD", "RM", "FF2",
]  # fmt: skip
NUMBERS = ["9", "0", "99", "999", "0000", "9,999", "9G990", "99,999,999"]


def _templates(draw: random.Random) -> tuple[str, str]:
    """A template for a moment and one for a number."""
    parts = (
        draw.choice(["", "", "FM"]) + each + draw.choice(["-", "/", ":", ", ", '"of"'])
        for each in draw.sample(PATTERNS, 4)
    )
    number = (
        draw.choice(["", "FM"])
        + draw.choice(["", "S", "$"])
        + draw.choice(NUMBERS)
        + draw.choice(["", ".9", ".00", "D990"])
    )
    return "".join(parts), number + ("" if "S" in number else draw.choice(["", "MI", "PR", "%", "S"]))


def test_templates_that_are_drawn_write_what_postgresql_writes(client: WireClient, real_postgres: RealPostgres) -> None:
    draw = random.Random(15)  # noqa: S311 - no secret
    with WireClient(real_postgres.port, USER, "postgres") as real:
        for _ in range(40):
            moment, number = _templates(draw)
            date = f"{draw.randint(1970, 2099)}-{draw.randint(1, 12)}-{draw.randint(1, 28)}"
            day = f"timestamp '{date} {draw.randint(0, 23)}:05:09.0321'"
            value = draw.choice(["0", "-0.04", "0.5", "7", "-12.345", "999.95", "1234.5", "-98765432.1"])
            sql = f"SELECT to_char({day}, '{moment}'), to_char(({value})::numeric(18, 4), '{number}')"
            assert client.query(sql).rows == real.query(sql).rows, sql


def test_functions_of_harvest_duck_read_duckdb_s_own_settings(client: WireClient) -> None:
    """Not the client's, which a macro of PostgreSQL's catalogue tells by the same name."""
    sql = "SELECT request FROM harvest_explain('SELECT id FROM clients')"
    assert [request.partition("?")[0] for (request,) in client.query(sql).rows] == ["/v2/clients"]
