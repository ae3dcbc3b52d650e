"""The report as it is shown: a copy that was read once, drawn anew for each choice, and read again when asked.

Its methods are called on one event loop. Reading and drawing take threads: one reads, and one draws.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from harvest_duck.cache.answer import clear_cache
from harvest_duck.engine import register
from harvest_duck.engine.arrow_stream import sentence, sentence_in
from harvest_duck.errors import HarvestDuckError
from harvest_duck.exports import source
from harvest_duck.report_page.copy import copied, today
from harvest_duck.report_page.figures import figures
from harvest_duck.report_page.options import Options
from harvest_duck.report_page.page import page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harvest_duck.report_page.copy import Copy
    from harvest_duck.report_page.form import Form

    #: Arguments of `Options.of`, as texts.
    Given = Mapping[str, str | None]

__all__ = ["LiveReport"]

_NAME = "harvest"
#: The age of the oldest answer since a moment.
_AGE = "SELECT max(age_s) FROM harvest_requests() WHERE sent_at >= ?"
#: Seconds between two attempts to end a reading: between two of its queries there is none to interrupt.
_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class _Shown:
    """A copy, the moment that it is of, and the day that was today then."""

    copy: Copy
    read_at: datetime
    today: date


class LiveReport:
    """The report of what a connection of DuckDB reads, which nobody else uses meanwhile."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._shown: _Shown | None = None
        self._reading: asyncio.Task[None] | None = None
        self._reader = ThreadPoolExecutor(1, "harvest-duck report reader")
        self._drawer = ThreadPoolExecutor(1, "harvest-duck report drawer")
        self._failed: Given | None = None
        #: Why the last reading failed, empty where it did not.
        self.failure = ""

    @property
    def is_reading(self) -> bool:
        """Whether Harvest is being asked."""
        return self._reading is not None and not self._reading.done()

    def has(self, given: Given) -> bool:
        """Whether these figures can be drawn without asking Harvest; raises `QueryError` for what is no day."""
        shown = self._shown
        return shown is not None and shown.copy.serves(Options.of(shown.today, **given))

    def failed(self, given: Given) -> bool:
        """Whether these figures were the last that were read, and could not be."""
        return not self.is_reading and self._failed == given

    def read(self, given: Given, *, anew: bool = False) -> None:
        """Begin to read what these figures take, unless a reading is under way; `anew` forgets what is in memory."""
        if not self.is_reading:
            self._failed, self.failure = None, ""
            self._reading = asyncio.create_task(self._read(given, anew=anew))

    async def wait(self, longest_s: float) -> None:
        """Return when no reading is under way, or after so many seconds."""
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=longest_s)

    async def progress(self) -> list[dict[str, Any]]:
        """Return the progress of the reading, as rows of `harvest_duck.progress`."""
        rows: list[dict[str, Any]] = (await asyncio.to_thread(register.progress, self._con)).to_pylist()
        return rows

    async def drawn(self, given: Given, form: Callable[[datetime], Form]) -> str:
        """Return the page of figures that `has` is true of; `form` makes its form of the moment when they were read.

        Raises `QueryError` where the account has no such client or person.
        """
        shown = self._shown
        assert shown is not None  # noqa: S101 - so says `has`
        options, made = Options.of(shown.today, **given), form(shown.read_at)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._drawer, lambda: page(figures(shown.copy, options), form=made))

    async def close(self) -> None:
        """End what is under way, and free the copy."""
        while self._reading is not None and not self._reading.done():
            with suppress(duckdb.Error):
                register.interrupt(self._con)
            await asyncio.wait([self._reading], timeout=_AGAIN_S)
        self._reader.shutdown()
        self._free(self._shown)
        self._drawer.shutdown()

    async def _read(self, given: Given, *, anew: bool) -> None:
        """Read, and show what was read; what fails leaves what is shown."""
        if anew:
            clear_cache()
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._reader, self._copied, given)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the next reading may succeed
            told = isinstance(error, HarvestDuckError | OSError | duckdb.Error)
            self._failed, self.failure = given, sentence_in(str(error)).strip() if told else sentence(error)
            return
        self._shown, before = found, self._shown
        self._free(before)

    def _copied(self, given: Given) -> _Shown:
        began = datetime.now(UTC)
        with source.our_errors(self._con):
            day = today(self._con)
            copy = copied(self._con, _NAME, Options.of(day, **given))
            # What a cache answers is as old as it says.
            ((age_s,),) = self._con.execute(_AGE, [began]).fetchall()
            return _Shown(copy, began - timedelta(seconds=age_s or 0.0), day)

    def _free(self, shown: _Shown | None) -> None:
        """Free a copy after all that is being drawn of it."""
        if shown is not None:
            self._drawer.submit(shown.copy.close)
