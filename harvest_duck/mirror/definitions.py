"""What the file of a copy holds, as SQL that makes it: the tables of the catalog, deleted rows, and records of runs.

No table has a primary key: DuckDB checks one against the rows that a transaction deletes as well, so that a row could
not be replaced (https://duckdb.org/docs/stable/sql/indexes, over-eager constraint checking).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.pushdown.sql import identifier, text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from harvest_duck.catalog.model import Table

#: The version of what follows. A file with a higher one was made by a later harvest_duck.
FORMAT = 1
#: What DuckDB 1.4 reads; a file in the default form of DuckDB 2.0 it does not.
STORAGE_VERSION = "v1.4.0"
#: The name under which the file is attached.
CATALOG = "copy"
#: When a row was seen to be gone.
SEEN_AT = "deleted_seen_at"
#: The runs as of which a version of a row came, and was there no longer.
VALID_FROM, VALID_TO = "valid_from", "valid_to"
_TIME = "TIMESTAMP WITH TIME ZONE"
#: The tables of the schema `mirror`, with what they hold and the types of their columns.
RECORDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "source": (
        "Whose copy this is: one row",
        {
            "format": "INTEGER",
            "generation": "VARCHAR",
            "account_id": "BIGINT",
            "user_id": "BIGINT",
            "base_url": "VARCHAR",
            "rights": "VARCHAR",
            "tables": "VARCHAR[]",
            "first_copy_began_at": _TIME,
            "first_copied_at": _TIME,
        },
    ),
    "proofs": (
        "As of when each table is proven whole, and what the proof cannot see",
        {
            "table_name": "VARCHAR",
            "method": "VARCHAR",
            "watermark": _TIME,
            "proven_at": _TIME,
            "values_whole_at": _TIME,
            "values_checked_since": _TIME,
            "may_lag": "VARCHAR[]",
            "unseen": "VARCHAR",
            "columns": "VARCHAR",
        },
    ),
    "periods": (
        "When the rows of each range of days were last read whole; NULL is an open end",
        {"table_name": "VARCHAR", "first_day": "DATE", "last_day": "DATE", "read_at": _TIME},
    ),
    "parents": (
        "When the children of each record were last read",
        {"table_name": "VARCHAR", "parent_id": "BIGINT", "read_at": _TIME},
    ),
    "sync_runs": (
        "The latest runs; one that was killed has no end",
        {
            "run": "BIGINT",
            "started_at": _TIME,
            "ended_at": _TIME,
            "depth": "VARCHAR",
            "outcome": "VARCHAR",
            "requests": "BIGINT",
            "inserted": "BIGINT",
            "changed": "BIGINT",
            "deleted": "BIGINT",
            "seconds": "DOUBLE",
        },
    ),
}
#: Of each table whose history is kept, since when, and as of when its rows last changed. Not in a file without one.
HISTORY = {"table_name": "VARCHAR", "began_at": _TIME, "changed_at": _TIME}


def main(table: str, catalog: str = CATALOG) -> str:
    """Return the name of the table with the rows that exist, as SQL writes it."""
    return f"{catalog}.main.{identifier(table)}"


def deleted(table: str) -> str:
    """Return the name of the table with the rows that are gone."""
    return f'{CATALOG}."deleted".{identifier(table)}'


def earlier(table: str, catalog: str = CATALOG) -> str:
    """Return the name of the table with the earlier versions of rows."""
    return f"{catalog}.history.{identifier(table)}"


def since(table: str, catalog: str = CATALOG) -> str:
    """Return the name of the table with the keys of the rows that came or changed since the history began."""
    return f"{catalog}.since.{identifier(table)}"


def record(table: str, catalog: str = CATALOG) -> str:
    """Return the name of a table of `RECORDS`, or of `history`, in a file that is attached as `catalog`."""
    return f"{catalog}.mirror.{identifier(table)}"


def columns(table: Table) -> dict[str, str]:
    """Return the types of a table of the catalog by the names of its columns."""
    return {column.name: column.type.sql for column in table.columns}


def signature(table: Table) -> str:
    """Return the names and types of the columns of a table, to see whether a later catalog has others."""
    return ", ".join(f"{name} {kind}" for name, kind in columns(table).items())


def schemas() -> Iterator[str]:
    """Yield what makes the schemas of an empty file, and the tables of `RECORDS`."""
    yield f'CREATE SCHEMA {CATALOG}."deleted"'
    yield f"CREATE SCHEMA {CATALOG}.mirror"
    for name, (comment, types) in RECORDS.items():
        yield f"CREATE TABLE {record(name)} ({_listed(types)})"
        yield f"COMMENT ON TABLE {record(name)} IS {text(comment)}"


def tables(table: Table) -> Iterator[str]:
    """Yield what makes the two tables of a table of the catalog, without rows."""
    yield f"CREATE TABLE {main(table.name)} ({_listed(columns(table))})"
    yield f"CREATE TABLE {deleted(table.name)} ({_listed(columns(table) | {SEEN_AT: _TIME})})"
    yield from _comments(table)


def history() -> Iterator[str]:
    """Yield what makes a file one with a history, as yet of no table."""
    yield f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.history"
    yield f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.since"
    yield f"CREATE TABLE {record('history')} ({_listed(HISTORY)})"
    yield f"COMMENT ON TABLE {record('history')} IS 'Since when the history of each table is kept, and its last change'"


def history_tables(table: Table) -> Iterator[str]:
    """Yield what makes the two tables of the history of a table of the catalog, without rows."""
    name, keys = table.name, {column: kind for column, kind in columns(table).items() if column in table.key}
    yield f"CREATE TABLE {earlier(name)} ({_listed(columns(table) | {VALID_FROM: _TIME, VALID_TO: _TIME})})"
    yield f"CREATE TABLE {since(name)} ({_listed(keys | {VALID_FROM: _TIME})})"
    yield from _history_comments(table)
    comment = "Since when the rows are as they are in main, but for those that the history began with"
    yield f"COMMENT ON TABLE {since(name)} IS {text(comment)}"


def rebuilt_history(table: Table, kept: Collection[str]) -> Iterator[str]:
    """Yield what gives the earlier versions the columns of the catalog, as `rebuilt` does."""
    yield _rebuilt(table, kept, earlier(table.name), VALID_FROM, VALID_TO)
    yield from _history_comments(table)


def rebuilt(table: Table, kept: Collection[str]) -> Iterator[str]:
    """Yield what gives the two tables the columns of the catalog; those that are not `kept` become NULL."""
    yield _rebuilt(table, kept, main(table.name))
    yield _rebuilt(table, kept, deleted(table.name), SEEN_AT)
    yield from _comments(table)


def _rebuilt(table: Table, kept: Collection[str], name: str, *more: str) -> str:
    selected = [
        identifier(column) if column in kept else f"CAST(NULL AS {kind}) AS {identifier(column)}"
        for column, kind in columns(table).items()
    ]
    return f"CREATE OR REPLACE TABLE {name} AS SELECT {', '.join([*selected, *map(identifier, more)])} FROM {name}"


def _history_comments(table: Table) -> Iterator[str]:
    name = earlier(table.name)
    yield f"COMMENT ON TABLE {name} IS {text(f'Earlier versions: {table.description}')}"
    yield f"COMMENT ON COLUMN {name}.{VALID_FROM} IS 'The sync that found the row so'"
    yield f"COMMENT ON COLUMN {name}.{VALID_TO} IS 'The sync that found it otherwise, or gone'"


def _comments(table: Table) -> Iterator[str]:
    yield f"COMMENT ON TABLE {main(table.name)} IS {text(table.description)}"
    yield f"COMMENT ON TABLE {deleted(table.name)} IS {text(f'Gone: {table.description}')}"
    yield f"COMMENT ON COLUMN {deleted(table.name)}.{identifier(SEEN_AT)} IS 'When a sync saw that the row is gone'"
    for column in table.columns:
        yield f"COMMENT ON COLUMN {main(table.name)}.{identifier(column.name)} IS {text(column.description)}"


def _listed(types: Mapping[str, str]) -> str:
    return ", ".join(f"{identifier(name)} {kind}" for name, kind in types.items())
