"""What the tools do, over the database of the server: loaded beside the first answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from harvest_duck.servers.mcp import answers, report_answer
from harvest_duck.servers.mcp.call import Call
from harvest_duck.servers.mcp.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Work"]

_ASKING: Mapping[str, Callable[..., str]] = {
    "cost": answers.cost,
    "query": answers.query,
    "report": report_answer.report,
}


class Work:
    """The answers of the tools, by their names and with the names of their arguments."""

    def __init__(self, connection: str) -> None:
        self.database = Database(connection)

    def told(self, tool: str, *, table: str = "", name: str | None = None) -> str:
        """Return the answer of a tool that asks nobody; raises the errors of a name that is none."""
        match tool:
            case "tables":
                return answers.tables()
            case "columns":
                return answers.columns(table)
        return answers.view(name) if name else answers.view_list()

    def call(self, longest_s: float, *, max_requests: int, **_: object) -> Call:
        """Return the call of a tool that may ask Harvest."""
        return Call(self.database, max_requests, longest_s)

    def asked(self, call: Call, tool: str, *, max_requests: int, **given: Any) -> str:  # noqa: ANN401, ARG002 - of each tool
        """Return the answer of a tool that may ask Harvest; raises `QueryError`, in one line."""
        if "format" in given:
            given["form"] = given.pop("format")
        return call.run(partial(_ASKING[tool], **given))
