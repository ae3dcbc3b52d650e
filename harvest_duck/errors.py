"""The errors that harvest_duck raises, one class for each kind of failure.

::

    HarvestDuckError
    ├── ConnectionStringError (ValueError)    the connection string, a DSN or a property cannot be used
    ├── UnknownTable (LookupError)            no table of that name
    ├── QueryError (ValueError)               no request can answer the query, or nothing can hold its rows
    ├── CredentialsError (PermissionError)    there is no token, or no account, for the requests
    │   ├── LoginRequired                     a person has to sign in first
    │   └── LoginFailed                       a person tried to sign in and failed
    ├── TransportError* (OSError)             no answer: connection, TLS, timeout, proxy
    ├── ResponseError (OSError)               Harvest answered, with an error
    │   ├── Unauthorized                      401
    │   ├── Forbidden                         403
    │   ├── NotFound                          404
    │   ├── InvalidRequest                    400, 422
    │   ├── RateLimited*                      429, with `retry_after_s`
    │   └── ServerError*                      5xx
    ├── ProtocolError (ValueError)            an answer that breaks the contract of Harvest's API
    ├── DecodeError (ValueError)              a value that does not fit its column
    └── MirrorError                           a copy cannot be read, written or brought up to date
        ├── MirrorBusy*                       another sync works on it
        └── DeletesRefused                    too much would vanish from it

Classes with * are `retriable`. Each message is one line that says what happened, where, and what to do; DuckDB drops
everything else of an exception. Most classes are also the builtin exception named beside them.
"""

from __future__ import annotations

__all__ = [
    "ConnectionStringError",
    "CredentialsError",
    "DecodeError",
    "DeletesRefused",
    "Forbidden",
    "HarvestDuckError",
    "InvalidRequest",
    "LoginFailed",
    "LoginRequired",
    "MirrorBusy",
    "MirrorError",
    "NotFound",
    "ProtocolError",
    "QueryError",
    "RateLimited",
    "ResponseError",
    "ServerError",
    "TransportError",
    "Unauthorized",
    "UnknownTable",
]


class HarvestDuckError(Exception):
    """The base class of all errors of harvest_duck."""

    retriable: bool = False


class ConnectionStringError(HarvestDuckError, ValueError):
    """A connection string, DSN or property that cannot be used as written."""


class UnknownTable(HarvestDuckError, LookupError):
    """A table name that the catalog does not have."""


class QueryError(HarvestDuckError, ValueError):
    """A query that no request to Harvest can answer as it stands, or whose rows cannot go where they should."""


class CredentialsError(HarvestDuckError, PermissionError):
    """There is no token, or no account, for the requests."""


class LoginRequired(CredentialsError):
    """A person has to sign in before the query can run."""


class LoginFailed(CredentialsError):
    """A sign-in that a person began and that did not lead to a token."""


class TransportError(HarvestDuckError, OSError):
    """No answer came: the host is unreachable, TLS failed, or time ran out.

    `reached` is False where no connection was made, and `stalled_s` are the seconds in which this process stood still
    while it waited, 0 where time ran out without that.
    """

    retriable = True
    reached: bool = True
    stalled_s: float = 0.0


class ResponseError(HarvestDuckError, OSError):
    """Harvest answered with the HTTP error `status`; `retry_after_s` is its advice in seconds, None if it gave none."""

    def __init__(self, message: str, *, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


class Unauthorized(ResponseError):
    """401: the token is wrong, expired or revoked, or does not reach the account."""


class Forbidden(ResponseError):
    """403: the token is good, and its user may not see this."""


class NotFound(ResponseError):
    """404: Harvest has no such object, or hides it from this user."""


class InvalidRequest(ResponseError):
    """400 or 422: Harvest refuses the parameters."""


class RateLimited(ResponseError):
    """429: more requests than Harvest allows; `retry_after_s` is its advice in seconds, None if it gave none."""

    retriable = True


class ServerError(ResponseError):
    """5xx: Harvest failed; `retry_after_s` is its advice in seconds, None if it gave none."""

    retriable = True


class ProtocolError(HarvestDuckError, ValueError):
    """An answer that breaks the contract of Harvest's API, so that its content cannot be trusted."""


class DecodeError(HarvestDuckError, ValueError):
    """A value that does not fit its column; `table`, `column`, `record_id` and `page` say where it is."""

    def __init__(self, message: str, *, table: str, column: str | None, record_id: object, page: str) -> None:
        super().__init__(message)
        self.table = table
        self.column = column
        self.record_id = record_id
        self.page = page


class MirrorError(HarvestDuckError):
    """A copy of an account that cannot be read, written or brought up to date."""


class MirrorBusy(MirrorError):
    """Another sync works on the copy."""

    retriable = True


class DeletesRefused(MirrorError):
    """So many records of a table are gone that the copy keeps them until somebody agrees."""
