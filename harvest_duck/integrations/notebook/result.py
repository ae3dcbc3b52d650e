"""What a cell leaves: its rows as a table of Arrow, however often they are used."""

from __future__ import annotations

import shutil
from html import escape
from typing import TYPE_CHECKING, Any

from harvest_duck.display.cells import short_result_cell
from harvest_duck.display.html_table import html_table
from harvest_duck.display.layout import Look, footer
from harvest_duck.display.text_table import text_table
from harvest_duck.formats import unique
from harvest_duck.formats.arrow_columns import converter_of, python_rows

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["Result"]

#: So many rows of a result are shown.
_ROWS_SHOWN = 20


class Result:
    """The rows of a cell, which are kept: using them asks Harvest nothing.

    Anything that reads Arrow takes it as it is: DuckDB by `FROM name`, Polars, pandas, pyarrow.
    """

    def __init__(self, table: pa.Table, time_zone: str = "UTC") -> None:
        self._table = table.rename_columns(unique(table.column_names))
        self._time_zone = time_zone

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._table.column_names)

    def arrow(self) -> pa.Table:
        """Return the rows as a table of pyarrow."""
        return self._table

    def df(self) -> pd.DataFrame:
        """Return the rows as a DataFrame of pandas, with the types that DuckDB gives one."""
        with converter_of(self._time_zone) as converter:
            return converter.from_arrow(self._table).df()

    def pl(self) -> pl.DataFrame:
        """Return the rows as a DataFrame of Polars."""
        import polars  # noqa: PLC0415, ICN001 - of who asks for it

        found = polars.from_arrow(self._table)
        assert isinstance(found, polars.DataFrame)  # noqa: S101 - it is, of a table
        return found

    def show(self, rows: int = _ROWS_SHOWN) -> None:
        """Print the first rows as text."""
        print(self._text(rows))  # noqa: T201 - it is a display

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows as a stream of Arrow's: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html."""
        return self._table.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        return self._text(_ROWS_SHOWN)

    def _repr_html_(self) -> str:
        if self._is_plan():
            # Its boxes are drawn for characters of one width.
            return f"<pre>{escape(self._text(_ROWS_SHOWN))}</pre>"
        names, rows, count = self.columns, self._first(_ROWS_SHOWN), self._count(_ROWS_SHOWN)
        return html_table(names, rows, count, short_result_cell)

    def _is_plan(self) -> bool:
        """Whether these are the rows of EXPLAIN."""
        return self.columns == ["explain_key", "explain_value"]

    def _text(self, rows: int) -> str:
        if self._is_plan():
            return "\n".join(text.rstrip() for _, text in self._first(rows))
        width = shutil.get_terminal_size().columns
        look = Look()
        shown = text_table(self.columns, self._first(rows), width, look)
        words = (
            [self._count(rows), f"not shown: {', '.join(shown.left_out)}"] if shown.left_out else [self._count(rows)]
        )
        return "\n".join([*shown.lines, *footer(words, width, look)])

    def _first(self, rows: int) -> list[tuple[Any, ...]]:
        return list(python_rows(self._table.slice(0, rows).to_reader(), self._time_zone))

    def _count(self, rows: int) -> str:
        count = f"{len(self):,} {'row' if len(self) == 1 else 'rows'}"
        return f"the first {rows:,} of {count}" if rows < len(self) else count
