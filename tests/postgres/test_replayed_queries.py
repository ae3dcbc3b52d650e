"""What clients ask of the catalogue, word for word as they sent it to a real PostgreSQL, has the same answer here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.catalogue_pair import pair  # noqa: F401 - a fixture
from support.paths import TESTS
from support.real_postgres import REQUIRED

if TYPE_CHECKING:
    from support.catalogue_pair import Pair

_QUERIES = TESTS / "data" / "postgres_queries"
#: What differs, by words that a query has, and why. Each is in docs/serve.md.
DIFFERENT = {
    "pg_catalog.pg_size_pretty": "tables have no size here: nothing is stored",
    "FROM pg_catalog.pg_database d": "templates, and the database that is there for administrators",
    "FROM pg_catalog.pg_settings s": "settings of one server",
    "AS PROCEDURE_CAT": "numbers of functions are part of their names",
    "p.proname || '_' || p.oid": "numbers of functions are part of their names",
    "version()": "the name of this server",
    "IN ('p','r','v','m','f','i'": "there are no TOAST tables",
    "set_config": "the session sets it",
}


pytestmark = pytest.mark.skipif(not REQUIRED, reason="they are compared where HARVEST_DUCK_REQUIRE_POSTGRES is set")


def queries(name: str) -> list[str]:
    """Return the queries of a file, without the comments that say where they are from."""
    text = (_QUERIES / name).read_text("utf-8")
    return [re.sub(r"(?m)^--.*\n", "", each).strip() for each in text.split("\n;;\n") if each.strip()]


@pytest.mark.parametrize("name", sorted(file.name for file in _QUERIES.iterdir()))
def test_a_real_postgresql_answers_the_same(pair: Pair, name: str) -> None:  # noqa: F811
    different = {}
    for sql in queries(name):
        theirs, ours = pair.names(sql)
        rows = () if any(words in sql for words in DIFFERENT) else pair.differences(sql)
        if any(rows) or theirs != ours:
            different[sql] = (rows, theirs, ours)
    assert not different, different
