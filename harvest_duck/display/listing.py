"""Arrow tables that a notebook or a prompt shows as tables.

`pyarrow.Table` can be given no other display: the class is immutable, and has no working subclasses (pyarrow 26). So
the schema of a listing has a mark, which filters, slices and selections keep, and the displays of IPython and of
Python's prompt are told to look for it. All other tables look as ever. `print` shows what pyarrow says.
"""

from __future__ import annotations

import builtins
import shutil
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MARK = {b"harvest_duck": b"listing"}
#: Nobody reads more.
_ROWS_SHOWN = 100


def listing(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return the rows as an Arrow table, which the notebook or prompt of this process shows as a table from now on."""
    _teach_displays()
    return pa.Table.from_pylist(list(rows), schema=schema.with_metadata(_MARK))


def is_listing(value: object) -> bool:
    """Whether `value` is a table made by `listing`, or taken from one."""
    return isinstance(value, pa.Table) and _MARK.items() <= (value.schema.metadata or {}).items()


def as_text(table: pa.Table, width: int | None = None) -> str:
    """Return the first 100 rows as lines of text, by default as wide as the terminal."""
    # Rich is for people: a program that never shows a table does not load it.
    from harvest_duck.display.layout import LISTING, footer  # noqa: PLC0415 - as above
    from harvest_duck.display.text_table import text_table  # noqa: PLC0415 - as above

    names, rows, count = _shown(table)
    width = width or shutil.get_terminal_size().columns
    shown = text_table(names, rows, width, LISTING)
    words = [count, f"not shown: {', '.join(shown.left_out)}"] if shown.left_out else [count]
    return "\n".join([*shown.lines, *footer(words, width, LISTING)])


def as_html(table: pa.Table) -> str:
    """Return the first 100 rows as a table of HTML."""
    from harvest_duck.display.html_table import html_table  # noqa: PLC0415 - needed in notebooks alone

    return html_table(*_shown(table))


def _shown(table: pa.Table) -> tuple[list[str], list[tuple[Any, ...]], str]:
    """Return the names, the rows and the words about their number."""
    columns = [column.to_pylist() for column in table.slice(0, _ROWS_SHOWN).columns]
    count = f"{table.num_rows:,} {'row' if table.num_rows == 1 else 'rows'}"
    if table.num_rows > _ROWS_SHOWN:
        count = f"the first {_ROWS_SHOWN} of {count}"
    return table.column_names, list(zip(*columns, strict=True)), count


def _teach_displays() -> None:
    """Make IPython, where this process runs it, or else the prompt of Python show listings as tables."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        formatters = shell.display_formatter.formatters
        _chain(formatters["text/html"], _html)
        _chain(formatters["text/plain"], _pretty)
    elif hasattr(sys, "ps1") and not _is_ours(sys.displayhook):
        sys.displayhook = partial(_prompted, sys.displayhook)


def _chain(formatter: Any, show: Callable[..., object]) -> None:  # noqa: ANN401 - a formatter of IPython
    """Put `show` before what a formatter of IPython does with tables."""
    former = formatter.type_printers.get(pa.Table)
    if not _is_ours(former):
        formatter.for_type(pa.Table, partial(show, former))


def _is_ours(hook: object) -> bool:
    return isinstance(hook, partial) and hook.func in {_html, _pretty, _prompted}


def _html(former: Callable[[pa.Table], str | None] | None, table: pa.Table) -> str | None:
    if is_listing(table):
        return as_html(table)
    return None if former is None else former(table)


def _pretty(former: Callable[..., None] | None, table: pa.Table, printer: Any, cycle: bool) -> None:  # noqa: ANN401, FBT001 - as IPython calls it
    if is_listing(table):
        printer.text(as_text(table))
    elif former is None:
        printer.text(repr(table))
    else:
        former(table, printer, cycle)


def _prompted(former: Callable[[object], object], value: object) -> None:
    if not is_listing(value):
        former(value)
        return
    encoding = sys.stdout.encoding or "utf-8"
    print(as_text(value).encode(encoding, "backslashreplace").decode(encoding))  # noqa: T201 - it is a display
    builtins._ = value  # type: ignore[attr-defined]
