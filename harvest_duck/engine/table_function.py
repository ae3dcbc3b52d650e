"""Functions of SQL that return a table, such as `harvest_requests()`: datasets that are computed when scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.dataset as ds

from harvest_duck.engine.dataset import ArgumentDataset
from harvest_duck.engine.hidden_arguments import SESSION, hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pyarrow as pa

    from harvest_duck.engine.binding import Binding
    from harvest_duck.engine.session import Session
    from harvest_duck.pushdown.arrow_filter import Filter


class TableFunction(ArgumentDataset):
    """The rows that `answer` returns for a session and the texts of `arguments`, each that of a column `_argument`.

    A function that `asks_harvest` has no rows in a session that must not.
    """

    def __init__(
        self,
        name: str,
        schema: pa.Schema,
        arguments: Sequence[str],
        answer: Callable[..., pa.Table],
        binding: Binding,
        *,
        asks_harvest: bool = False,
    ) -> None:
        super().__init__(name, schema, {hidden(each): f"{each} reached it" for each in arguments}, binding)
        self._answer = answer
        self._asks_harvest = asks_harvest

    def rows(
        self, session: Session, given: Mapping[str, str], names: Sequence[str], read: Filter
    ) -> Iterable[pa.RecordBatch]:
        """The rows of the answer, which is computed first."""
        if self._asks_harvest and not session.asks_harvest:
            return ()
        arguments = {column.removeprefix(hidden("")): text for column, text in given.items() if column != SESSION}
        answer = self._answer(session, **arguments)
        found: Iterable[pa.RecordBatch] = ds.dataset(answer).scanner(columns=names, filter=read.keep).to_reader()
        return found
