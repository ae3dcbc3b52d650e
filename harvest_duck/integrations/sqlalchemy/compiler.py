"""The SQL that is written for DuckDB, where it differs from what SQLAlchemy writes for PostgreSQL."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
from sqlalchemy import Integer
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGIdentifierPreparer, PGTypeCompiler
from sqlalchemy.sql.elements import ColumnClause, False_, True_

if TYPE_CHECKING:
    from sqlalchemy import BinaryExpression, TryCast, UnaryExpression
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

#: A part of the name of a schema, with its quotes.
_PART = re.compile(r'"(?:[^"]|"")*"|[^."]+')


class HarvestCompiler(PGCompiler):  # type: ignore[misc]  # SQLAlchemy is not installed where types are checked
    """Queries."""

    def visit_regexp_match_op_binary(self, binary: BinaryExpression[Any], operator: object, **kw: object) -> str:  # noqa: ARG002
        """Return the search for a pattern: `~` matches the whole text in DuckDB 1, and a part in 2."""
        return self._found(binary, **kw)

    def visit_not_regexp_match_op_binary(self, binary: BinaryExpression[Any], operator: object, **kw: object) -> str:  # noqa: ARG002
        """Return the opposite."""
        return f"NOT {self._found(binary, **kw)}"

    # Of truth values DuckDB hands a scan comparisons alone, neither `NOT billed` nor `billed IS true` (1.4 to 2.0).
    def visit_is_true_unary_operator(self, element: UnaryExpression[Any], *_: object, **kw: object) -> str:
        """Return that a column is true, as a comparison."""
        return f"{self.process(element.element, **kw)} = true"

    def visit_is_false_unary_operator(self, element: UnaryExpression[Any], *_: object, **kw: object) -> str:
        """Return that a column is false, as a comparison."""
        return f"{self.process(element.element, **kw)} = false"

    def visit_is__binary(self, binary: BinaryExpression[Any], operator: object, **kw: object) -> str:  # noqa: ARG002
        """Return IS; with a truth value a comparison that is false for NULL, as IS is."""
        left, right = self.process(binary.left, **kw), self.process(binary.right, **kw)
        if isinstance(binary.left, ColumnClause) and isinstance(binary.right, True_ | False_):
            return f"({left} = {right} AND {left} IS NOT NULL)"
        return f"{left} IS {right}"

    def visit_floordiv_binary(self, binary: BinaryExpression[Any], operator: object, **kw: object) -> str:
        """Return a quotient that is rounded down, as an integer where both are: DuckDB's is DOUBLE."""
        text: str = super().visit_floordiv_binary(binary, operator, **kw)
        are_integers = all(isinstance(side.type, Integer) for side in (binary.left, binary.right))
        return f"CAST({text} AS BIGINT)" if are_integers else text

    def visit_try_cast(self, element: TryCast[Any], **kw: object) -> str:
        """Return a cast that gives NULL where a value does not fit."""
        return f"TRY_CAST({self.process(element.clause, **kw)} AS {self.process(element.typeclause, **kw)})"

    def _found(self, binary: BinaryExpression[Any], **kw: object) -> str:
        given = [self.process(binary.left, **kw), self.process(binary.right, **kw)]
        if binary.modifiers["flags"] is not None:
            given.append(self.render_literal_value(binary.modifiers["flags"], binary.right.type))
        return f"regexp_matches({', '.join(given)})"


class HarvestTypeCompiler(PGTypeCompiler):  # type: ignore[misc]  # as above
    """Types, as in a cast."""

    def visit_FLOAT(self, type_: TypeEngine[Any], **kw: object) -> str:  # noqa: ARG002, N802 - the name that SQLAlchemy calls
        """Return the type of 64 bits: FLOAT has 32 in DuckDB, and in SQLAlchemy as many as a float of Python."""
        return "DOUBLE"

    def visit_NUMERIC(self, type_: TypeEngine[Any], **kw: object) -> str:  # noqa: N802 - as above
        """Return a type with digits enough where none are given: NUMERIC has 3 behind the point in DuckDB."""
        text: str = super().visit_NUMERIC(type_, **kw)
        return text if type_.precision is not None else "NUMERIC(38, 10)"

    def visit_DECIMAL(self, type_: TypeEngine[Any], **kw: object) -> str:  # noqa: N802 - as above
        """Return the same under its other name."""
        text: str = super().visit_DECIMAL(type_, **kw)
        return text if type_.precision is not None else "DECIMAL(38, 10)"

    def visit_struct(self, type_: TypeEngine[Any], **kw: object) -> str:
        """Return the type of a structure, with those of its fields."""
        quoted = self.dialect.identifier_preparer.quote
        fields = (f"{quoted(name)} {self.process(each, **kw)}" for name, each in type_.fields)
        return f"STRUCT({', '.join(fields)})"


class HarvestPreparer(PGIdentifierPreparer):  # type: ignore[misc]  # as above
    """Names, quoted where DuckDB needs it."""

    def __init__(self, dialect: Dialect, **kw: object) -> None:
        super().__init__(dialect, **kw)
        self.reserved_words = frozenset(PGIdentifierPreparer.reserved_words) | _reserved()

    def quote_schema(self, schema: str, force: object = None) -> str:  # noqa: ARG002
        """Return the name of a schema: `main`, that of an attached account, or both as in `harvest.main`."""
        return ".".join(map(self.quote, parts(schema)))


def parts(schema: str) -> list[str]:
    """Return the names that the name of a schema is made of; one that holds a dot stands in quotes."""
    return [part[1:-1].replace('""', '"') if part[0] == '"' else part for part in _PART.findall(schema)]


@cache
def _reserved() -> frozenset[str]:
    """Return the words that cannot name a table or a column without quotes."""
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"
        ).fetchall()
    return frozenset(word for (word,) in rows)
