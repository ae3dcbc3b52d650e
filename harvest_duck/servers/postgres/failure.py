"""A failure as PostgreSQL reports it to a client: a code of five characters, one line, and where in the SQL it is."""

from __future__ import annotations

__all__ = ["Failure"]


class Failure(Exception):
    """What ends a statement, or with `fatal` the session.

    `sqlstate` is a code of PostgreSQL's appendix "PostgreSQL Error Codes". `position` counts the characters of the
    client's SQL from 1. `message` is one line without a secret.
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
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.position = position
        self.detail = detail
        self.hint = hint
        self.fatal = fatal
