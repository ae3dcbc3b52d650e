"""A function of SQL that returns a table, `harvest_requests()` for one: an Arrow dataset that is computed when scanned.

Its arguments travel as the scans' connection strings do, as filters on hidden columns, see `engine`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.pushdown.predicate import Compare, Op, conjuncts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow.compute as pc

    from harvest_duck.pushdown.predicate import Predicate


class TableFunction(ds.Dataset):  # type: ignore[misc]  # pyarrow has no annotations
    """The rows that `answer` gives for the texts of `arguments`, each the value of a hidden column `_argument`.

    `failed` is told every error of the tree that it ends with.
    """

    def __init__(
        self,
        name: str,
        schema: pa.Schema,
        arguments: Sequence[str],
        answer: Callable[..., pa.Table],
        failed: Callable[[HarvestDuckError], None],
    ) -> None:
        # Dataset has no constructor to call: DuckDB asks a subclass only for `schema` and `scanner`.
        self.name = name
        self._arguments = arguments
        self._answer = answer
        self._failed = failed
        self._schema = pa.schema([*schema, *(pa.field(f"_{argument}", pa.string()) for argument in arguments)])

    @property
    def schema(self) -> pa.Schema:
        """The columns of the answer, then the hidden ones."""
        return self._schema

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - the name by which DuckDB passes it
        **_: object,
    ) -> ds.Scanner:
        """A scan of the answer, for which the function has been called."""
        try:
            read = read_filter(filter, self._schema)
            given = self._given(read.predicate)
            answer = self._answer(**given)
        except HarvestDuckError as error:
            self._failed(error)
            raise
        for name, text in given.items():
            answer = answer.append_column(f"_{name}", pa.repeat(pa.scalar(text), answer.num_rows))
        return ds.dataset(answer).scanner(columns=columns, filter=read.keep)

    def _given(self, predicate: Predicate) -> dict[str, str]:
        hidden = {f"_{argument}": argument for argument in self._arguments}
        given = {
            hidden[term.column]: str(term.value)
            for term in conjuncts(predicate)
            if isinstance(term, Compare) and term.op is Op.EQ and term.column in hidden
        }
        missing = [argument for argument in self._arguments if argument not in given]
        if missing:
            raise QueryError(
                f"{self.name}: no {missing[0]} reached it; write it as a constant or a parameter, "
                "and leave DuckDB's optimizer on (PRAGMA enable_optimizer)"
            )
        return given
