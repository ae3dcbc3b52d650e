"""The failure that PostgreSQL would report for an error of DuckDB, of harvest_duck or of Python.

Its message is one line without a secret and without a path of this machine; its code one of PostgreSQL 15's appendix
"PostgreSQL Error Codes". Those of class HV are of "foreign data", which Harvest is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import duckdb

from harvest_duck import errors
from harvest_duck.errors import HarvestDuckError
from harvest_duck.servers.gate.refusal import Refusal
from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.failures.duckdb_errors import told
from harvest_duck.servers.postgres.failures.sqlstates import of_duckdb

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HARVEST", "failure_of"]

#: The codes of errors of harvest_duck; a class that is not here has that of its base. None is of class 08, at which
#: drivers and their pools give the connection up.
HARVEST: Mapping[type[HarvestDuckError], str] = {
    errors.ConnectionStringError: "HV024",
    errors.UnknownTable: "42P01",
    errors.QueryError: "0A000",
    errors.CredentialsError: "28000",
    errors.TransportError: "HV00N",
    errors.ResponseError: "HV000",
    errors.Unauthorized: "28000",
    errors.Forbidden: "42501",
    errors.NotFound: "42704",
    errors.InvalidRequest: "22023",
    errors.RateLimited: "53400",
    errors.ServerError: "58000",
    errors.ProtocolError: "HV000",
    errors.DecodeError: "HV004",
    errors.MirrorError: "HV000",
    errors.MirrorBusy: "55P03",
    errors.DeletesRefused: "55000",
    HarvestDuckError: "HV000",
}
#: What refuses a connection string that SQL names.
_ONE_DOOR = "only_attached=True"


class Positions(Protocol):
    """Where in the client's text a place of DuckDB's is."""

    def client(self, offset: int) -> int:
        """Return the offset in the client's text."""


def failure_of(
    error: BaseException,
    *,
    harvest: HarvestDuckError | None = None,
    positions: Positions | None = None,
    sql: str = "",
) -> Failure:
    """Return the failure for an exception.

    `harvest` is the last error of harvest_duck on the cursor, which counts where DuckDB's exception tells it. `sql` is
    DuckDB's, whose places `positions` has in the client's text.
    """
    if isinstance(error, Refusal):
        message, position = _as_written(error.message), _position(error.offset, positions)
        failure = Failure(error.sqlstate, message, hint=error.hint, position=position)
    elif isinstance(error, Failure):
        return error
    elif isinstance(error, HarvestDuckError):
        failure = _of_harvest(error)
    elif isinstance(error, duckdb.Error):
        failure = _of_duckdb(error, harvest, positions, sql)
    else:
        failure = _of_python(error)
    failure.__cause__ = error
    return failure


def _as_written(told: str) -> str:
    """Return what is told with the names of PostgreSQL's schemas, in the place of those that DuckDB has for them."""
    return told.replace("postgres.information.", "information_schema.").replace("postgres.catalog.", "pg_catalog.")


def _position(offset: int | None, positions: Positions | None) -> int | None:
    return None if offset is None or positions is None else positions.client(offset) + 1


def _of_harvest(error: HarvestDuckError) -> Failure:
    line = _line(str(error))
    if _ONE_DOOR in line:
        return Failure("42501", "permission denied: this server reads no other connection than the one of its database")
    return Failure(next(HARVEST[each] for each in type(error).__mro__ if each in HARVEST), line)


def _of_duckdb(error: duckdb.Error, harvest: HarvestDuckError | None, positions: Positions | None, sql: str) -> Failure:
    if isinstance(error, duckdb.InterruptException):
        return Failure("57014", "canceling statement due to user request")
    found = told(error, sql)
    if harvest is not None and _line(str(harvest)) in _line(found.message):
        return _of_harvest(harvest)
    sqlstate, message, hint = of_duckdb(error, found)
    message, hint = _as_written(message), None if hint is None else _as_written(hint)
    if _ONE_DOOR in message:
        return _of_harvest(errors.ConnectionStringError(message))
    return Failure(sqlstate, _line(message), hint=hint, position=_position(found.offset, positions))


def _of_python(error: BaseException) -> Failure:
    """The failure for an exception that nobody expected, or that says enough by its class."""
    if isinstance(error, RecursionError):
        return Failure("54001", "the statement is nested too deeply: write it with fewer levels")
    if isinstance(error, MemoryError):
        return Failure("53200", "out of memory")
    if isinstance(error, UnicodeError):
        return Failure("22021", 'invalid byte sequence for encoding "UTF8"')
    return Failure("XX000", f"internal error of harvest_duck: {type(error).__name__}: report it with this statement")


def _line(text: str) -> str:
    """A text as one line."""
    return " ".join(text.split())
