"""The requests that one call of an agent may send: those that find sizes, and those of the query itself."""

from __future__ import annotations

from dataclasses import dataclass

from harvest_duck.errors import QueryError
from harvest_duck.http.request_log import RequestLog

__all__ = ["Allowance"]


@dataclass
class Allowance(RequestLog):
    """A request log that lets `limit` requests go out, each try counted, and then no more.

    It is asked before each request, so that no more are sent whatever was expected; the scan that wants one more ends.
    """

    limit: int = 0
    sent: int = 0
    #: Why no more may be sent, whatever is left.
    ended: str = ""

    @property
    def left(self) -> int:
        """The number of requests that may still be sent."""
        return self.limit - self.sent

    def end(self, reason: str) -> None:
        """Let no request go out from now on."""
        self.ended = self.ended or reason

    def refuse_ended(self) -> None:
        """Raise `QueryError` if the call was ended."""
        if self.ended:
            raise QueryError(self.ended)

    def count(self, table: str) -> None:
        """Count a request for a table, which is sent now; raise `QueryError` where it may not."""
        self.refuse_ended()
        if self.left <= 0:
            raise QueryError(
                f"ended without rows: max_requests is {self.limit}, they are sent, and {table} needs more than was "
                "expected: narrow the query by days or ids"
            )
        self.sent += 1
        super().count(table)
