"""What a PostgreSQL 15 that nobody has used has in its catalogue. `docs/postgres_catalogue.py` wrote it."""

from __future__ import annotations

import io
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["VIEWS", "rows", "statements", "stored"]

_FOLDER = resources.files(__package__)
#: Where PostgreSQL's own views are written.
VIEWS = Path(__file__).parent / "views.sql"


@cache
def stored() -> frozenset[str]:
    """Return the names of the relations that have rows here."""
    return frozenset(
        file.name.removesuffix(".parquet") for file in (_FOLDER / "data").iterdir() if file.name.endswith(".parquet")
    )


def rows(name: str) -> pa.Table:
    """Return the rows of a relation."""
    return pq.ParquetFile(io.BytesIO((_FOLDER / "data" / f"{name}.parquet").read_bytes())).read(use_threads=False)


def statements(file: str) -> Iterator[str]:
    """Yield the statements of a file of SQL, in which each ends a line with `;`."""
    text = (_FOLDER / file).read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    yield from (part.strip().removesuffix(";") for part in "\n".join(lines).split(";\n") if part.strip())
