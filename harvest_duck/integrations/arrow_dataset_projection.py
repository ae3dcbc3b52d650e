"""The columns that a scan of a dataset returns: names, or expressions by name, which Arrow computes batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.errors import QueryError
from harvest_duck.pushdown.arrow_expression import serialised
from harvest_duck.pushdown.arrow_filter import read_serialised
from harvest_duck.pushdown.sql import shown
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Table

#: The most characters of an error of Arrow that are shown.
_LONGEST = 150


@dataclass(frozen=True)
class Projection:
    """The columns of a scan: those of `schema`, which may repeat some, from the columns `names` of the table.

    `computed` are the expressions over these by name, None where they are taken as they are.
    """

    table: str
    names: Sequence[str]
    schema: pa.Schema
    computed: Mapping[str, pc.Expression] | None = None

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return these columns of a batch that has the columns `names`.

        Raises `QueryError` for a value that an expression cannot be computed of.
        """
        if self.computed is None:
            return batch if batch.schema.names == self.schema.names else batch.select(self.schema.names)
        try:
            made = _computed(batch, self.computed)
        except pa.ArrowException as error:
            raise _not_computed(self.table, error) from error
        return next(iter(made.combine_chunks().to_batches()), _empty(self.schema))


def projection(table: Table, columns: object) -> Projection:
    """Return what a scan of a table returns for the `columns` of pyarrow: names, expressions by name, None for all.

    Raises `QueryError` for anything else, and for columns that the table does not have.
    """
    schema = schema_of(table)
    if columns is None:
        return Projection(table.name, schema.names, schema)
    if isinstance(columns, Mapping):
        return _of_expressions(table, schema, columns)
    if isinstance(columns, str) or not isinstance(columns, Sequence) or any(not isinstance(n, str) for n in columns):
        raise QueryError(f"{table.name}: columns are a list of names, or expressions by name")
    _refuse_unknown(table, columns)
    fields = [schema.field(name) for name in columns]
    return Projection(table.name, list(dict.fromkeys(columns)), pa.schema(fields))


def _of_expressions(table: Table, schema: pa.Schema, columns: Mapping[str, object]) -> Projection:
    """The projection of expressions, those that are nested deep rewritten so that Arrow can compute them."""
    computed: dict[str, pc.Expression] = {}
    used: set[str] = set()
    for name, expression in columns.items():
        if not isinstance(expression, pc.Expression):
            raise QueryError(f"{table.name}: the column {shown(name)} is given by no expression such as field('id')")
        needed, computed[name] = _read(expression, schema)
        used.update(needed)
    _refuse_unknown(table, used)
    # The number of rows is that of a column, where there are any columns.
    names = [name for name in schema.names if name in used] or schema.names[: 1 if computed else 0]
    whole = pa.schema([schema.field(name) for name in names])
    if not computed:
        return Projection(table.name, names, pa.schema([]))
    try:
        made = _computed(_empty(whole), computed).schema
    except pa.ArrowException as error:
        raise _not_computed(table.name, error) from error
    return Projection(table.name, names, made, computed)


def _read(expression: pc.Expression, schema: pa.Schema) -> tuple[frozenset[str], pc.Expression]:
    """The columns that an expression uses, all where they are unknown, and the expression."""
    try:
        written = serialised(expression)
    except (pa.ArrowException, ValueError):
        # A column that is given by its number, which Arrow does not pickle.
        return frozenset(schema.names), expression
    read = read_serialised(written, schema, expression)
    return read.columns or frozenset(), expression if read.keep is None else read.keep


def _refuse_unknown(table: Table, names: Sequence[str] | set[str]) -> None:
    """Raise `QueryError` if the table lacks one of the columns."""
    if unknown := sorted({name for name in names if name not in table}):
        raise QueryError(f"{table.name} has no column {shown(unknown[0])}; harvest_columns('{table.name}') lists them")


def _computed(batch: pa.RecordBatch, expressions: Mapping[str, pc.Expression]) -> pa.Table:
    from pyarrow import acero  # noqa: PLC0415 - loads pandas where that is installed

    source = acero.Declaration("table_source", acero.TableSourceNodeOptions(pa.Table.from_batches([batch])))
    options = acero.ProjectNodeOptions([*expressions.values()], [*expressions])
    return acero.Declaration("project", options, [source]).to_table(use_threads=False)


def _not_computed(table: str, error: pa.ArrowException) -> QueryError:
    told = shortened(one_line(str(error)), _LONGEST)
    return QueryError(f"{table}: the columns cannot be computed ({told}): change them or leave them out")


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)
