"""The blocks on the pages about the server run: psql, Python's drivers, Java and Node print what stands below them.

`HARVEST_DUCK_REQUIRE_POSTGRES=1 UPDATE_README=1 pytest tests/docs/test_serve_clients.py` writes the outputs anew.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S
from support.examples import UPDATE, check_examples, check_psql
from support.paths import DOCS
from support.real_postgres import REQUIRED, client, installed, program

from harvest_duck import sandbox
from harvest_duck.servers.served import served

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


#: The file of Debian's package.
JDBC = Path("/usr/share/java/postgresql.jar")


def file_on(page: str, name: str) -> str:
    """The block of a page that is a file."""
    (found,) = re.findall(rf"<!-- file: {name} -->\n```\w+\n([^`]*)```", (DOCS / page).read_text("utf-8"))
    return str(found)


def check_program(page: str, name: str, command: list[str], port: int, folder: Path) -> None:
    """Run the file of a page by a command, and compare what it prints with what stands below the command."""
    path = DOCS / page
    (folder / name).write_text(file_on(page, name).replace("5432", f"{port}"), "utf-8")
    ended = subprocess.run(
        [*command, str(folder / name)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
        cwd=folder,
    )
    printed, text = ended.stdout + ended.stderr, path.read_text("utf-8")
    below = re.compile(rf"({re.escape(name)}\n```\n\n```text\n)[^`]*(```)")
    wanted = below.sub(lambda block: f"{block[1]}{printed}{block[2]}", text)
    assert below.search(text)
    if UPDATE:
        path.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted


def test_java_prints_what_stands_below_it(port: int, tmp_path: Path) -> None:
    installed("pgJDBC", present=JDBC.exists())
    check_program("serve/java.md", "Hours.java", [program("java"), "-cp", str(JDBC)], port, tmp_path)


def test_node_prints_what_stands_below_it(port: int, tmp_path: Path) -> None:
    node = program("node")
    installed("pg of npm", present=subprocess.run([node, "-e", "require('pg')"], check=False).returncode == 0)
    check_program("serve/node.md", "hours.js", [node], port, tmp_path)
