"""The filter of a dataset, and the one place where the same expression means two things.

Arrow's `is_in` is false of NULL, so that its opposite is true of it. Polars and DataFusion hand it over for their own
IN, which is NULL of NULL, so that no opposite keeps it (polars 2.1, DataFusion 55), and Polars for `nulls_equal=True`,
which is as Arrow's. Of a list without values Polars makes the constant false. Where that decides about a row nobody can
tell which was meant, and the scan is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.arrow_expression import Serialised, deserialised, serialised
from harvest_duck.pushdown.arrow_filter import matching, read_filter, refuse_unfit
from harvest_duck.pushdown.sql import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow.compute as pc

    from harvest_duck.catalog.model import Table
    from harvest_duck.pushdown.arrow_expression import Step
    from harvest_duck.pushdown.arrow_filter import Filter

#: Of these, a term that is false and one that is NULL make the same rows true.
_KEEPING = frozenset({"and_kleene", "or_kleene"})
#: In these Polars has the constant false for an IN without values, and for nothing else (polars 2.1).
_AROUND_FALSE = _KEEPING | {"invert", "is_null", "is_valid"}
#: `SetLookupOptions.NullMatchingBehavior.MATCH`, which `Expression.isin` sets.
_MATCH = 0
_FALSE = pa.scalar(value=False)


@dataclass(frozen=True)
class DatasetFilter:
    """A filter to scan `table` with, and what all of its rows have to be too, None where it means one thing only."""

    table: str
    read: Filter
    agreed: pc.Expression | None = None

    @property
    def checked(self) -> frozenset[str]:
        """The columns that `kept` needs."""
        return frozenset() if self.agreed is None else self.read.columns or frozenset()

    def kept(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of a scan; raises `QueryError` where the two meanings of the filter differ about one."""
        if self.agreed is not None and matching(batch, self.agreed).num_rows != batch.num_rows:
            raise QueryError(
                f"{self.table}: the filter asks for what is not in a list, and there are rows without a value, which "
                "Arrow keeps and SQL does not: say which by AND is_not_null() of the column, or by OR is_null(), and "
                "leave a list of no values out"
            )
        return batch


def dataset_filter(table: Table, expression: pc.Expression | None, schema: pa.Schema) -> DatasetFilter:
    """Return the filter of a scan of a table.

    Raises `QueryError` for one that names a column which the table does not have, or that its rows cannot be tested
    with.
    """
    other = None if expression is None else sql_reading(expression)
    # Rows that either keeps, so that each of them can be looked at.
    read = read_filter(expression if other is None else expression | other, schema)
    if unknown := sorted(name for name in read.columns or () if name not in table):
        raise QueryError(f"{table.name} has no column {shown(unknown[0])}; harvest_columns('{table.name}') lists them")
    refuse_unfit(read, schema, where=table.name)
    if expression is None or other is None:
        return DatasetFilter(table.name, read)
    return DatasetFilter(table.name, read, read_filter(expression & other, schema).keep)


def sql_reading(expression: pc.Expression) -> pc.Expression | None:
    """Return the filter with `is_in` as SQL's IN, which is NULL of NULL; None where that keeps the same rows.

    The constant false is NULL there, as of a row without a value.
    """
    try:
        written = serialised(expression)
    except (pa.ArrowException, ValueError):
        # A column that is given by its number; no engine does that.
        return None
    doubtful = _doubtful(written)
    if not doubtful:
        return None
    null = str(len(written.constants))
    steps: list[Step] = []
    begun: list[int] = []
    for place, step in enumerate(written.steps):
        if step[0] == "literal" and place in doubtful:
            steps.append(("literal", null))
            continue
        if step == ("call", "is_in"):
            begun.append(len(steps))
        steps.append(step)
        if step == ("end", "is_in"):
            start = begun.pop()
            if _of_values(steps[start:], written.constants):
                steps[start:] = _null_of_null(steps[start:], null)
    return deserialised(Serialised(steps, [*written.constants, pa.nulls(1, pa.bool_())]))


def _doubtful(written: Serialised) -> set[int]:
    """The places of each `is_in`, and of false, around which anything but AND and OR stands."""
    found: set[int] = set()
    around = [""]
    others = 0
    for place, (kind, text) in enumerate(written.steps):
        is_false = kind == "literal" and written.constants[int(text)][0].equals(_FALSE)
        if others and ((kind, text) == ("call", "is_in") or (is_false and around[-1] in _AROUND_FALSE)):
            found.add(place)
        if kind == "call":
            around.append(text)
            others += text not in _KEEPING
        elif kind == "end":
            others -= around.pop() not in _KEEPING
    return found


def _of_values(call: Sequence[Step], constants: Sequence[pa.Array]) -> bool:
    """Whether an `is_in` is one of a list without NULL, as engines write it."""
    (number,) = [int(text) for kind, text in call[-2:-1] if kind == "options"]
    options = constants[number][0]
    return options["null_matching_behavior"].as_py() == _MATCH and not options["value_set"].values.null_count


def _null_of_null(call: Sequence[Step], null: str) -> list[Step]:
    """The `is_in` that is NULL where its column is."""
    column = call[1:-2]
    valid = [("call", "is_valid"), *column, ("end", "is_valid")]
    return [("call", "if_else"), *valid, *call, ("literal", null), ("end", "if_else")]
