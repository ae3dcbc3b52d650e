"""The plan of a query of an agent: what its scans would ask of Harvest, found within the allowance of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harvest_duck.engine.dry_run import recorded
from harvest_duck.engine.macros import SETTINGS, setting
from harvest_duck.engine.session import sessions
from harvest_duck.engine.shared_catalog import binding_of
from harvest_duck.errors import QueryError
from harvest_duck.introspection.explain import explained
from harvest_duck.introspection.subquery_hints import BY_VARIABLE, hints
from harvest_duck.runtime import critical_section, loop
from harvest_duck.servers.mcp.estimate import Estimate, probes_refusal

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.servers.mcp.call import Call

__all__ = ["require_allowed", "steps"]

#: An agent has no variables.
_BY_QUERIES = ": query that first, and write what it returns in its place"
#: Seconds that a query may take over tables without rows: nothing interrupts it there.
_PATIENCE_S = 5.0


def steps(cursor: duckdb.DuckDBPyConnection, sql: str, call: Call) -> list[dict[str, Any]]:
    """Return the rows of `EXPLAINED` for a SELECT, whose lists are counted within the allowance of a call.

    Raises `QueryError` where there are too many to count, before any is, and the errors that the query would raise.
    """
    with critical_section.entered():
        from harvest_duck.introspection.list_sizes import counted, fewest_counts  # noqa: PLC0415 - it needs HTTP

    # DuckDB says more of a name that is wrong than the dry run repeats.
    cursor.sql(sql)
    binding = binding_of(cursor)
    values = cursor.execute(f"SELECT {', '.join(map(setting, SETTINGS))}").fetchall()[0]
    settings = dict(zip(SETTINGS, values, strict=True))
    default = binding.default_of(sessions[cursor])
    found = recorded(cursor, binding, sql, settings, default=default, patience_s=min(_PATIENCE_S, call.longest_s))
    refused = probes_refusal(fewest_counts(found.requests), call.allowance.left)
    if refused:
        raise QueryError(refused)
    scans = loop.run(counted(found.requests, call.allowance))
    table = explained(scans, hints(found.requests, found.inner, found.valued), found.files)
    return [row | {"hint": _for_agents(row["hint"])} for row in table.to_pylist()]


def _for_agents(hint: str | None) -> str | None:
    return None if hint is None else hint.replace(BY_VARIABLE, _BY_QUERIES)


def require_allowed(found: Estimate, call: Call) -> None:
    """Raise `QueryError` if a query with this estimate may not be run, or the call was ended meanwhile."""
    refused = found.refusal(sent=call.allowance.sent, limit=call.allowance.limit)
    if refused:
        raise QueryError(refused)
    call.allowance.refuse_ended()
