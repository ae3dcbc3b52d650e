"""Why the gate lets a query not pass: a code of the SQL standard, one line, and where in DuckDB's text it is."""

from __future__ import annotations

from harvest_duck.text import one_line

__all__ = ["Refusal"]


class Refusal(Exception):
    """What is no query, or reaches what is not for clients.

    `sqlstate` is a code of ISO/IEC 9075, or of PostgreSQL's appendix "PostgreSQL Error Codes" where that has none.
    `message` is one line, in which what the client wrote may stand. `offset` counts characters from 0.
    """

    def __init__(self, sqlstate: str, message: str, *, offset: int | None = None, hint: str | None = None) -> None:
        self.message = message if message.isprintable() else one_line(message)
        super().__init__(self.message)
        self.sqlstate = sqlstate
        self.offset = offset
        self.hint = hint
