"""Names of the columns of subqueries: what surrounds them names `count` and `column1` as PostgreSQL does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql.figured_names import figured_alone
from harvest_duck.servers.postgres.sql.select_list import select_items
from harvest_duck.servers.postgres.sql.tokens import Kind, quoted

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.dialect.edited_tokens import EditedTokens

__all__ = ["edit"]

#: Each level reads its list anew: a statement with more of them keeps DuckDB's names.
_LEVELS = 100
#: What may stand behind a list of values that has no alias.
_NO_ALIAS = {
    "where", "group", "having", "order", "limit", "offset", "union", "intersect", "except", "join", "left", "right",
    "full", "inner", "cross", "natural", "on", "using", "window", "fetch", "for", "qualify", "tablesample",
}  # fmt: skip


def edit(edited: EditedTokens, at: int) -> None:
    """Name the columns of the subquery, or of the list of values, that is in the parentheses at a place."""
    closing = edited.closing(at) if edited.text(at) == "(" else None
    if closing is None or edited.depth > _LEVELS:
        return
    if edited.word(at + 1) in {"select", "with"}:
        _name_items(edited, at + 1, closing)
    elif edited.word(at + 1) == "values" and edited.text(at + 2) == "(":
        _name_values(edited, at, closing)


def _name_items(edited: EditedTokens, start: int, end: int) -> None:
    """Give each item without a name the one that PostgreSQL figures."""
    for first, behind in select_items(edited.tokens[start:end]):
        item = edited.tokens[start + first : start + behind]
        try:
            name = figured_alone(item)
        except RecursionError:
            continue
        is_column = all(token.name is not None or token.text == "." for token in item)
        if name is not None and not is_column:
            edited.behind(start + behind - 1, f" AS {quoted(name)}")


def _name_values(edited: EditedTokens, at: int, closing: int) -> None:
    """Give the columns of a list of values, behind its alias, the names column1, column2 and so on."""
    row_end = edited.closing(at + 2)
    alias = closing + 2 if edited.word(closing + 1) == "as" else closing + 1
    if row_end is None or alias >= len(edited.tokens) or edited.tokens[alias].name is None:
        return
    if edited.text(alias + 1) == "(" or (edited.tokens[alias].kind is Kind.NAME and edited.word(alias) in _NO_ALIAS):
        return
    width = len(edited.parts(at + 2, row_end))
    names = ", ".join(f"column{number}" for number in range(1, width + 1))
    edited.behind(alias, f"({names})")
