"""The rows of a query as text for a terminal, in the form that suits its width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from harvest_duck.display.layout import Look, Shown, footer
from harvest_duck.display.record_lines import record_lines
from harvest_duck.display.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = Sequence[Any]

#: The lines of one value, beside others and alone.
_IN_A_TABLE, _ALONE = 3, 10
#: So many rows are few, which may be shown one column a line.
_FEW = 3
#: A terminal that says it is narrower is not.
_NARROWEST = 10


class Form(StrEnum):
    """How rows stand on a terminal: side by side in columns, or each by itself with one column a line."""

    TABLE = "table"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Advice:
    """How a person chooses another form, and how a file that holds all rows."""

    form: str = "--format"
    file: str = "-o FILE"


#: That of a command.
OPTIONS = Advice()


def as_text(
    names: Sequence[str],
    rows: Sequence[Row],
    width: int | None,
    *,
    form: Form | None = None,
    more: bool = False,
    whole: bool = False,
    styled: bool = False,
    advice: Advice = OPTIONS,
) -> str:
    """Return the lines of a result, none of them wider than `width`; where that is None, nothing is folded or left out.

    The last line says how many rows there are, which columns have no room, and which texts are shortened. `more` says
    that these are only the first rows, and `whole` shortens no text. Without a form it is a table, but for up to 3 rows
    that would lose more than half of their columns.
    """
    width = width and max(width, _NARROWEST)
    look = Look(styled=styled)
    shown = _shown(names, rows, width, form, look if whole else replace(look, most_lines=_IN_A_TABLE))
    words = [_count(len(rows), advice.file if more else None)]
    if shown.left_out:
        words.append(f"not shown without {advice.form} line: {', '.join(shown.left_out)}")
    if shown.shortened:
        words.append(f"shortened without {advice.form} json: {', '.join(shown.shortened)}")
    return "\n".join([*shown.lines, *footer(words, width, look)])


def _shown(names: Sequence[str], rows: Sequence[Row], width: int | None, form: Form | None, look: Look) -> Shown:
    if form is not Form.LINE:
        table = text_table(names, rows, width, look)
        if form is Form.TABLE or len(rows) > _FEW or 2 * len(table.left_out) <= len(names):
            return table
    return record_lines(names, rows, width, replace(look, most_lines=look.most_lines and _ALONE))


def _count(rows: int, file: str | None) -> str:
    """Return what is said of the number of rows: how a file holds all of them where these are the first ones."""
    if file is not None:
        return f"the first {rows:,} rows; {file} writes all of them"
    return f"{rows:,} {'row' if rows == 1 else 'rows'}"
