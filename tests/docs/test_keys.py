"""The page about keys and comments: its examples run, and the copy that it makes holds what Harvest has."""

from __future__ import annotations

import re

import duckdb
import pytest
from support.examples import check_examples
from support.paths import DOCS

import harvest_duck

PAGE = DOCS / "keys.md"


@pytest.mark.thorough
def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(PAGE, least=3)


def test_the_copy_has_the_rows_and_refuses_what_breaks_a_key(connection: str) -> None:
    (recipe,) = re.findall(r"```python\n(TABLES = .*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {"harvest_duck": harvest_duck}
    exec(recipe.replace("DSN=sandbox", connection), names)  # noqa: S102 - the page's own code
    copy = names["copy"]
    assert isinstance(copy, duckdb.DuckDBPyConnection)
    for table in ("clients", "projects", "users", "time_entries"):
        same = f"SELECT (SELECT count(id) FROM {table}) = (SELECT count(id) FROM harvest.{table})"
        assert copy.execute(same).fetchall() == [(True,)]
    with pytest.raises(duckdb.ConstraintException, match=r"(?i)foreign key"):
        copy.execute("UPDATE time_entries SET client_id = 1 WHERE id = (SELECT min(id) FROM time_entries)")
    with pytest.raises(duckdb.ConstraintException, match=r"(?i)duplicate key"):
        copy.execute("INSERT INTO users FROM harvest.users")
    comments = """
        SELECT list(comment ORDER BY column_index) FROM duckdb_columns()
        WHERE table_name = 'users' AND schema_name = 'main' GROUP BY database_name
    """
    copied, attached = copy.execute(comments).fetchall()
    assert copied == attached
    assert all(copied[0])
    copy.close()
