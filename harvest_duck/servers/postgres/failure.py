"""A failure as PostgreSQL reports it to a client: a code of five characters, one line, and where in the SQL it is."""

from __future__ import annotations

from harvest_duck.text import one_line, shortened

__all__ = ["Failure"]

#: More than any message has that does not show a whole statement.
_LONGEST = 2_000


class Failure(Exception):
    """What ends a statement, or with `fatal` the session.

    `sqlstate` is a code of PostgreSQL's appendix "PostgreSQL Error Codes". `position` counts the characters of the
    client's SQL from 1. `message` is one line without a secret; what a client wrote may stand in it as it is.
    """

    def __init__(
        self,
        sqlstate: str,
        message: str,
        *,
        position: int | None = None,
        detail: str | None = None,
        hint: str | None = None,
        fatal: bool = False,
    ) -> None:
        self.message = shortened(message if message.isprintable() else one_line(message), _LONGEST)
        super().__init__(self.message)
        self.sqlstate = sqlstate
        self.position = position
        self.detail = detail
        self.hint = hint
        self.fatal = fatal
