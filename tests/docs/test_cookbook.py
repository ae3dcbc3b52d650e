"""The cookbook answers its questions: each SQL finds what stands below it, and sends the requests that the page names.

`UPDATE_README=1 pytest tests/docs/test_cookbook.py` writes both anew.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked
from support.examples import UPDATE
from support.paths import DOCS

import harvest_duck
from harvest_duck import sandbox
from harvest_duck.display.result import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = DOCS / "cookbook.md"
#: A question, what its SQL counts, the SQL, and what a run of it wrote below: the rows and the requests.
QUESTION = re.compile(
    r"### (?P<number>\d+)\. (?P<title>[^\n]+\?)\n\n(?P<text>(?:(?!###).)*?)(?P<code>```sql\n(?P<sql>[^`]*)```)\n"
    r"(?:\n```text\n[^`]*```\n\n\d+ requests?: [^\n]*\n)?",
    re.DOTALL,
)
#: A result of more rows than MOST shows the first ROWS; no line has more characters than WIDTH.
MOST, ROWS, WIDTH = 14, 8, 110
#: Ids in a path: the requests for each of many parents are one item on the page.
ID = re.compile(r"/\d+(?=/|$)")


@pytest.fixture(scope="module")
def agency() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that a reader of the page makes, with the day that it sets."""
    with harvest_duck.connect("DSN=sandbox;RateLimit=off;ReportsRateLimit=off") as con:
        con.execute("SET TimeZone = 'UTC'").fetchall()
        (setup,) = re.findall(r"<!-- setup -->\n```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        con.execute(setup).fetchall()
        yield con


def rows_found(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The rows as `harvest-duck query` shows them, the first of them if there are many."""
    found = con.execute(sql)
    names, rows = [column[0] for column in found.description or ()], found.fetchall()
    shown = rows if len(rows) <= MOST else rows[:ROWS]
    text = as_text(names, shown, WIDTH)
    assert "not shown" not in text
    return text.replace(f"({ROWS} rows", f"(the first {ROWS} of {len(rows)} rows") if len(shown) < len(rows) else text


def requests_sent() -> str:
    """The requests of the sandbox's log, without the one for whose token it is."""
    sent = Counter(ID.sub("/…", re.sub(r"[?&]page=\d+", "", text)) for text in asked(sandbox.shared()))
    del sent["/users/me"]
    listed = [f"`/v2{text}`" + (f" ({times} times)" if times > 1 else "") for text, times in sorted(sent.items())]
    return f"{sent.total()} request{'s' * (sent.total() > 1)}: {', '.join(listed)}"


@pytest.mark.skipif(duckdb.__version__.startswith("1."), reason="it finds the same rows with other requests")
def test_each_question_has_its_answer(agency: duckdb.DuckDBPyConnection) -> None:
    page = PAGE.read_text("utf-8")
    numbers = []

    def answered(question: re.Match[str]) -> str:
        numbers.append(int(question["number"]))
        sandbox.shared().clear_log()
        rows = rows_found(agency, question["sql"])
        asks = f"### {question['number']}. {question['title']}\n\n{question['text']}{question['code']}"
        return f"{asks}\n\n```text\n{rows}\n```\n\n{requests_sent()}\n"

    wanted = QUESTION.sub(answered, page)
    assert numbers == list(range(1, 26))
    if UPDATE:
        PAGE.write_text(wanted, "utf-8")
    assert UPDATE or page == wanted


def test_times_that_overlap_are_found() -> None:
    """The sandbox has none, so these are made up: b overlaps a and c, which meet, and d is of another person."""
    (sql,) = [each["sql"] for each in QUESTION.finditer(PAGE.read_text("utf-8")) if "overlap" in each["title"]]
    with duckdb.connect() as con:
        con.execute("SET VARIABLE today = DATE '2026-11-20'").fetchall()
        con.execute("CREATE SCHEMA harvest").fetchall()
        con.execute("""
            CREATE TABLE harvest.time_entries AS
            SELECT *, DATE '2026-11-19' AS spent_date, 'Ann' AS user_name
            FROM (VALUES
                (1, 7, 'a', TIME '09:00', TIME '10:00'), (2, 7, 'b', TIME '09:30', TIME '10:30'),
                (3, 7, 'c', TIME '10:00', NULL), (4, 8, 'd', TIME '09:00', TIME '10:00'), (5, 7, 'e', NULL, NULL)
            ) AS entries(id, user_id, project_name, started_time, ended_time)
        """).fetchall()
        assert [(row[4], row[6]) for row in con.execute(sql).fetchall()] == [("a", "b"), ("b", "c")]
