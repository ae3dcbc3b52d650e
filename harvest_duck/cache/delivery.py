"""The rows of an answer as they are delivered: filtered, in the wanted columns, and each record once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.cache.coverage import ANYWHERE, place_of
from harvest_duck.cache.piece_rows import Records, at_places
from harvest_duck.cache.region_scan import account_of
from harvest_duck.http.request_log import MEMORY, Answer
from harvest_duck.pushdown.arrow_filter import matching

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from harvest_duck.cache.moment import Moment
    from harvest_duck.http.request_log import RequestLog
    from harvest_duck.pushdown.domain import Domain
    from harvest_duck.scanner.scan_request import ScanRequest


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows at some places, held since a scan `began`, None where this scan asks for them.

    Some of their records `may_come_again` with later rows, or `may_have_come` with earlier ones. `counted` ones have no
    columns, and nothing is left to filter.
    """

    batches: Sequence[pa.RecordBatch]
    along: Domain = ANYWHERE
    began: Moment | None = None
    may_come_again: bool = False
    may_have_come: bool = False
    counted: bool = False


class Delivery:
    """The delivery of the rows of one scan; it runs in the thread that reads them."""

    def __init__(self, request: ScanRequest, log: RequestLog) -> None:
        self._request, self._log = request, log
        self._left = request.settings.max_rows
        self._delivered: Records | None = None
        self._rows = 0
        self._oldest: Moment | None = None

    @property
    def full(self) -> bool:
        """Whether as many rows were delivered as the connection wants."""
        return self._left == 0

    def batches(self, rows: Rows) -> Iterator[pa.RecordBatch]:
        """Yield the batches of rows that are wanted."""
        if rows.began is not None:
            self._oldest = rows.began if self._oldest is None else min(self._oldest, rows.began)
        for batch in rows.batches:
            kept = (batch if rows.counted else self._wanted(batch, rows)).slice(0, self._left)
            if not kept.num_rows:
                continue
            self._left = None if self._left is None else self._left - kept.num_rows
            self._rows += kept.num_rows if rows.began is not None else 0
            yield kept
            if self.full:
                return

    def tell(self, at: Moment) -> None:
        """Log the rows that memory had."""
        if self._oldest is None:
            return
        self._log.add_answer(
            Answer(
                scan=self._log.next_scan(),
                table=self._request.table.name,
                account_id=account_of(self._request),
                at=at.at,
                source=MEMORY,
                place="",
                as_of=self._oldest.shown(at),
                rows=self._rows,
            )
        )

    def _wanted(self, batch: pa.RecordBatch, rows: Rows) -> pa.RecordBatch:
        request = self._request
        place, known = place_of(request.table), self._known(rows)
        needed = {*request.fields, *(known.columns if known is not None else ())}
        if place is not None and not rows.along.everything:
            needed.add(place)
        kept = batch.select([name for name in batch.schema.names if name in needed])
        if place is not None:
            kept = at_places(kept, place, rows.along)
        if request.filter.keep is not None:
            kept = matching(kept, request.filter.keep)
        if known is not None and rows.may_have_come:
            kept = known.without(kept)
        if known is not None and rows.may_come_again:
            known.add(kept)
        return kept.select(request.names)

    def _known(self, rows: Rows) -> Records | None:
        """Return the records that were delivered, where some of them may come twice."""
        if self._request.table.day is None or not (rows.may_come_again or rows.may_have_come):
            return None
        if self._delivered is None:
            self._delivered = Records(self._request.table)
        return self._delivered
