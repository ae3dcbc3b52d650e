"""psycopg 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.real_postgres import client
from support.same_tables import select

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from support.postgres_address import Address


def rows(address: Address, *, binary: bool) -> dict[str, Any]:
    """Return the names, types and rows of every table."""
    found = {}
    with client("psycopg").connect(address.libpq, autocommit=True) as con:
        for name in TABLES:
            cursor = con.execute(select(name), binary=binary)
            columns = [(c.name, c.type_code, c.precision, c.scale, c.internal_size) for c in cursor.description]
            found[name] = columns, sorted(cursor.fetchall(), key=repr)
    return found


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_every_table_has_the_same_rows(ours: Address, theirs: Address, binary: bool) -> None:
    assert rows(ours, binary=binary) == rows(theirs, binary=binary)
