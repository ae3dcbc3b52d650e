"""The blocks on the pages about the server run: psql, Python's drivers, Java and Node print what stands below them.

`HARVEST_DUCK_REQUIRE_POSTGRES=1 UPDATE_README=1 pytest tests/docs/test_serve_clients.py` writes the outputs anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.examples import check_examples, check_psql
from support.paths import DOCS
from support.real_postgres import REQUIRED, client, program

from harvest_duck import sandbox
from harvest_duck.servers.postgres.served import served

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not REQUIRED, reason="clients are run where HARVEST_DUCK_REQUIRE_POSTGRES is set")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server of `DSN=sandbox`."""
    from harvest_duck.servers.postgres.server import PostgresServer  # noqa: PLC0415 - it needs numpy

    string = sandbox.shared().connection_string()
    with PostgresServer(served([("sandbox", string)], cache_s=None, mirrors=()), port=0) as server:
        yield server.port


@pytest.mark.parametrize(("page", "least"), [("serve.md", 1), ("serve/psql.md", 4)])
def test_psql_prints_what_stands_below_it(page: str, least: int, port: int) -> None:
    check_psql(DOCS / page, program("psql"), least=least, port=port)


@pytest.mark.parametrize(
    ("page", "least", "modules"),
    [
        ("serve/python.md", 4, ("psycopg", "asyncpg", "sqlalchemy", "adbc_driver_postgresql")),
        ("serve/odbc.md", 1, ("pyodbc",)),
    ],
)
def test_python_prints_what_stands_below_it(page: str, least: int, modules: tuple[str, ...], port: int) -> None:
    for module in modules:
        client(module)
    check_examples(DOCS / page, least=least, port=port)
