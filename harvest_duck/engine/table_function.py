"""Functions of SQL that return a table, such as `harvest_requests()`: datasets that are computed when scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.dataset as ds

from harvest_duck.engine.dataset import ArgumentDataset
from harvest_duck.engine.hidden_arguments import hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pyarrow as pa

    from harvest_duck.engine.session import Session
    from harvest_duck.pushdown.arrow_filter import Filter


class TableFunction(ArgumentDataset):
    """The rows that `answer` returns for the texts of `arguments`, each the value of a hidden column `_argument`."""

    def __init__(
        self, name: str, schema: pa.Schema, arguments: Sequence[str], answer: Callable[..., pa.Table], session: Session
    ) -> None:
        super().__init__(name, schema, {hidden(each): f"{each} reached it" for each in arguments}, session)
        self._answer = answer

    def rows(self, given: Mapping[str, str], names: Sequence[str], read: Filter) -> Iterable[pa.RecordBatch]:
        """The rows of the answer, which is computed first."""
        answer = self._answer(**{column.removeprefix(hidden("")): text for column, text in given.items()})
        found: Iterable[pa.RecordBatch] = ds.dataset(answer).scanner(columns=names, filter=read.keep).to_reader()
        return found
