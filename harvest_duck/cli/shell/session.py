"""What a shell remembers from one statement to the next, and how it runs one."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import pyarrow.compute as pc

from harvest_duck.cli import output, statements
from harvest_duck.display.result import Advice
from harvest_duck.engine.session import sessions
from harvest_duck.errors import QueryError
from harvest_duck.exports import source
from harvest_duck.formats import targets
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from harvest_duck.formats import Format

__all__ = ["Session"]

#: What a person does here for what has no room on the screen.
_ADVICE = Advice(form=".mode", file=".output FILE")


class _NoRows(Exception):
    """The statement has none, so that the file which was begun for them is not written."""


@dataclass(eq=False)
class Session:
    """A connection of DuckDB with accounts in it, and what dot commands have set.

    `accounts` has the connection string of each account that is attached, by its name. `target` is where the next
    result goes, in the form `target_form`; all others are written to standard output, in `form`.
    """

    con: duckdb.DuckDBPyConnection
    accounts: dict[str, str]
    form: Format | None = None
    target: Path = targets.STANDARD_OUTPUT
    target_form: Format | None = None
    timer: bool = False
    #: Whether results of two columns are drawn.
    charts: bool = False
    last_sql: str = ""
    #: When the last statement began.
    began: datetime | None = None
    #: Whether a person has ended what runs, so that nothing after it begins.
    stopped: bool = False
    #: How many results have been written since the prompt was shown, or since the script began.
    results: int = 0

    def run(self, sql: str, *, as_chart: bool = False) -> None:
        """Run the statements of some SQL, and write the rows of each, or draw them; raises `failures.TOLD`."""
        for statement in self.con.extract_statements(sql):
            if self.stopped:
                return
            self._refuse_parameters(statement)
            self.last_sql = statements.text_of(statement) or sql
            self._run(statement, as_chart=as_chart)

    def requests(self) -> pa.Table:
        """Return what the last statement asked, as `harvest_requests()` does."""
        sent = sessions[self.con].request_log.table()
        return sent.slice(0, 0) if self.began is None else sent.filter(pc.greater_equal(sent["sent_at"], self.began))

    def show(self, listed: pa.Table, sql: str = "FROM listed") -> None:
        """Write the answer of a dot command as results are, but always to standard output."""
        if self.results and self.form not in output.SELF_DELIMITING:
            click.echo()
        output.show_listed(listed, self.form, sql=sql, advice=_ADVICE)
        self.results += 1

    def _run(self, statement: duckdb.Statement, *, as_chart: bool) -> None:
        self.began, clock = datetime.now(UTC), time.monotonic()
        try:
            with source.our_errors(self.con):
                if as_chart:
                    self._write(statement, None, as_chart=True)
                elif targets.is_standard_output(self.target):
                    self._write(statement, self.form, as_chart=self.charts, or_table=True)
                else:
                    self._write_file(statement)
        finally:
            if self.timer:
                asked = self.requests().filter(pc.field("source") == "harvest").num_rows
                took = time.monotonic() - clock
                click.echo(f"({took:.2f} s, {asked:,} {'request' if asked == 1 else 'requests'})", err=True)

    def _write(self, statement: duckdb.Statement, form: Format | None, **drawn: bool) -> None:
        with output.writing(targets.STANDARD_OUTPUT, form, advice=_ADVICE, **drawn) as writer:
            writer.results = self.results
            writer.write(self.con, statement, {})
            self.results = writer.results

    def _write_file(self, statement: duckdb.Statement) -> None:
        """Write the result to the file, if there is one; the next goes to standard output again."""
        with suppress(_NoRows), output.writing(self.target, self.target_form) as writer:
            writer.write(self.con, statement, {})
            if not writer.results:
                raise _NoRows
        if not writer.results:
            return
        rows = "row" if writer.rows == 1 else "rows"
        click.echo(f"{writer.rows:,} {rows} written to {escaped(self.target)}", err=True)
        self.target, self.target_form = targets.STANDARD_OUTPUT, None

    @staticmethod
    def _refuse_parameters(statement: duckdb.Statement) -> None:
        for name in sorted(statement.named_parameters):
            raise QueryError(f"the parameter ${name} has no value: write the value in its place")
