"""Whether the decoder reads pages as they are meant: `python tests/fuzz/page_oracle.py 100000` tries so many of them.

The pages are built in child processes, so that one that ends its process is found and named by its seed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent))

from fuzz.pages import Case, Num, Refused, case, meaning

from harvest_duck.catalog.model import BIGINT, BOOLEAN, RECORD, ListOf, Origin
from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.decoder import Decoder, Page
from harvest_duck.decoder.layout import Layout
from harvest_duck.errors import DecodeError, ProtocolError

#: Pages of one child.
_CHUNK = 5_000
_INSIDE = {Origin.RECORD, Origin.ENCLOSING}


def check(seed: int) -> bool:
    """Return whether the page of a seed is read; raise AssertionError if that is wrong, or the rows are."""
    made = case(seed)
    wanted = _wanted(made)
    values = {name: True if kind is BOOLEAN else 7 if kind is BIGINT else None for name, kind in _outside(made)}
    try:
        page = _decoder(made.table.name, made.names).decode(made.body, values=values, where="a page")
    except (DecodeError, ProtocolError) as error:
        assert str(error).isprintable(), seed  # noqa: PT017 - pages that mean nothing are refused
        assert len(str(error)) < 500, seed  # noqa: PT017 - as above
        assert wanted is None, f"{seed}: refused: {error}"  # noqa: PT017 - as above
        return False
    wanted = wanted or _wanted(_with_rows(made))
    assert wanted is not None, f"{seed}: read, though a value does not fit"
    _compare(seed, made, page, wanted)
    return True


def _with_rows(made: Case) -> Case:
    """Return the page without records that have no rows; whether the dates of those fit is not always looked at."""
    items = made.table.items
    if items is None or not isinstance(made.records, list):
        return made
    return replace(made, records=[each for each in made.records if not isinstance(each, dict) or each.get(items)])


def _compare(seed: int, made: Case, page: Page, wanted: tuple[list[dict[str, Any]], int | None]) -> None:
    columns = [column.name for column in made.table.columns if column.name in made.names and column.origin in _INSIDE]
    rows = [{name: row[name] for name in columns} for row in page.batch.to_pylist()]
    assert rows == wanted[0], f"{seed}: {rows} in place of {wanted[0]}"
    assert page.total_entries == wanted[1], f"{seed}: {page.total_entries} records in place of {wanted[1]}"
    if RECORD.name in made.names and made.table.items is None:
        assert page.batch.column(RECORD.name).to_pylist() == made.texts, seed
    if seed % 50 == 0 and rows:
        found = pa.Table.from_batches([page.batch])
        (counts,) = duckdb.from_arrow(found).aggregate("count(COLUMNS(*))").fetchall()
        assert counts == tuple(len(found) - column.null_count for column in found.columns), seed


def _outside(made: Case) -> list[tuple[str, Any]]:
    return [(column.name, column.type) for column in made.table.columns if column.origin not in _INSIDE]


@cache
def _decoder(table: str, names: tuple[str, ...]) -> Decoder:
    return Decoder(TABLES[table], names)


def _wanted(made: Case) -> tuple[list[dict[str, Any]], int | None] | None:
    """Return the rows that a page means and the length of its list, None where it means none."""
    layout = Layout(made.table, made.names)
    try:
        records = meaning(made.records, ListOf(layout.record))
        total = meaning(_unquoted(made.envelope.get("total_entries")), BIGINT)
        items = made.table.items
        pairs = [(each, row) for each in records for row in ([each] if items is None else each[items] or [])]
    except (Refused, TypeError):
        return None
    if any(row is None for _, row in pairs) or not _told_apart(records, layout, listed=made.table.body_key is not None):
        return None
    inside = [column for column in made.table.columns if column.name in made.names and column.origin in _INSIDE]
    return [
        {c.name: _at(each if c.origin is Origin.ENCLOSING else row, c.path) for c in inside} for each, row in pairs
    ], total


def _unquoted(count: Any) -> Any:
    return Num(count) if isinstance(count, str) and re.fullmatch("[0-9]{1,18}", count) else count


def _told_apart(records: list[Any], layout: Layout, *, listed: bool) -> bool:
    if None in records or (listed and layout.identity and None in [_at(each, layout.identity) for each in records]):
        return False
    subjects = [tuple(_at(each, path) for path in layout.subject) for each in records]
    named = [each for each in subjects if each and each[-1] is not None]
    return len(set(named)) == len(named)


def _at(record: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        record = None if record is None else record[name]
    return record


def _child(first: int, pages: int) -> None:
    read = 0
    for seed in range(first, first + pages):
        print(seed, flush=True)  # noqa: T201 - the parent has to know where it ended
        read += check(seed)
    print("read", read)  # noqa: T201 - as above


def main() -> None:
    """Try the pages that the command line asks for, and say how many were read; leave with 1 at the first fault."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("pages", type=int)
    asked.add_argument("--seed", type=int, default=0, help="the first seed")
    asked.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.child:
        _child(given.seed, given.pages)
        return
    began, read, end = time.monotonic(), 0, given.seed + given.pages
    for first in range(given.seed, end, _CHUNK):
        command = [sys.executable, __file__, str(min(_CHUNK, end - first)), "--seed", str(first), "--child"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines() or ["none"]
        if done.returncode:
            sys.exit(f"seed {lines[-1]} ended with {done.returncode}: {done.stderr[-2000:]}")
        read += int(lines[-1].removeprefix("read "))
    took = time.monotonic() - began
    versions = f"Python {sys.version.split()[0]}, duckdb {duckdb.__version__}, pyarrow {pa.__version__}"
    print(f"{given.pages:,} pages in {took:.0f} s, {read:,} read, the others refused, no fault ({versions})")  # noqa: T201


if __name__ == "__main__":
    main()
