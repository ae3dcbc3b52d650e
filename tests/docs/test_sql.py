"""The page about SQL is true: its examples print what stands below them, its functions are those of a connection.

`UPDATE_README=1 pytest tests/docs/test_sql.py` writes the outputs anew.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from support.examples import check_examples
from support.paths import DOCS

if TYPE_CHECKING:
    import duckdb

PAGE = DOCS / "sql.md"
TEXT = PAGE.read_text("utf-8")


def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(PAGE, least=2)


def test_the_functions_are_those_that_a_connection_knows(attached: duckdb.DuckDBPyConnection) -> None:
    known = attached.execute("""
        SELECT DISTINCT function_name || '(' || coalesce(array_to_string(parameters, ', '), '') || ')'
        FROM duckdb_functions()
        WHERE function_name LIKE 'harvest_%'
    """).fetchall()
    (listed,) = re.findall(r"<!-- functions -->\n(.*?)<!-- /functions -->", TEXT, re.DOTALL)
    names = re.findall(r"^\| `(.*?)`", listed, re.MULTILINE)
    assert sorted(names) == sorted(name for (name,) in known)
    assert "SQL has eleven functions" in TEXT
    assert len(names) == 11


def test_the_ready_views_of_the_page_answer(attached: duckdb.DuckDBPyConnection) -> None:
    (statements,) = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
    for statement in statements.split(";\n"):
        attached.execute(f"SELECT count(*) FROM ({statement.strip() or 'SELECT 1'})")
