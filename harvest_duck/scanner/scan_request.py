"""A request for a scan: columns of one table and a filter, over a connection; and the plans that answer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.model import Host, Origin, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import Completeness, resolve
from harvest_duck.planner import Plan, Target, plan, refuse_unchosen
from harvest_duck.pushdown.branches import branches
from harvest_duck.pushdown.domain import Domain, domains
from harvest_duck.pushdown.predicate import conjuncts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harvest_duck.connection import Connection
    from harvest_duck.pushdown.arrow_filter import Filter
    from harvest_duck.pushdown.predicate import Predicate


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """The columns `names` of the rows of `table` that `filter` keeps; `domains` are the values it allows by column.

    `branches` are the values that each branch of it allows, None where the table is no report. `plans` has one plan for
    each account, and is None where Harvest has to list the accounts first.
    """

    table: Table
    settings: Connection
    names: Sequence[str]
    filter: Filter
    domains: Mapping[str, Domain] | None
    plans: Sequence[Plan] | None
    branches: Sequence[Mapping[str, Domain]] | None = None

    @property
    def fields(self) -> list[str]:
        """The columns to decode: those requested and those of the filter, in the order of the table."""
        filtered = self.filter.columns
        wanted = {*self.names, *(filtered or ())}
        return [column.name for column in self.table.columns if filtered is None or column.name in wanted]

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches that the scan returns."""
        whole = schema_of(self.table)
        return pa.schema([whole.field(name) for name in self.names])

    @property
    def terms(self) -> Sequence[Predicate]:
        """The terms of the filter, all of which hold for every row of the scan."""
        return conjuncts(self.filter.predicate)

    @property
    def counted_terms(self) -> Sequence[Predicate] | None:
        """The terms of the filter where Harvest's totals tell all that is wanted, the number of rows; else None."""
        believed = self.settings.completeness is Completeness.ANNOUNCED
        return self.terms if believed and not self.names else None


def scan_request(
    table: Table, connection: str | Connection, names: Sequence[str], read: Filter, *, written_in_sql: bool = False
) -> ScanRequest:
    """A request for the columns `names` of the rows that a filter keeps; nothing is sent.

    `connection` is a connection string, or the settings that one stands for. `written_in_sql` says that it is part of
    SQL, so that it may name no file to write. Raises the errors of the connection string, and `QueryError` for what no
    request to Harvest can answer.
    """
    settings = resolve(connection, written_in_sql=written_in_sql) if isinstance(connection, str) else connection
    settings.require_credentials()
    found = domains(read.predicate)
    refuse_unchosen(table, names, found)
    parts = None if table.max_span_days is None else branches(read.predicate, _inputs(table))
    accounts = named_accounts(table, settings)
    if accounts is not None:
        plans = plans_for(table, settings, found, accounts, parts)
        return ScanRequest(table, settings, names, read, found, plans, parts)
    if found is not None:
        _refuse_inputs(table, settings, found, parts)
    return ScanRequest(table, settings, names, read, found, None, parts)


def named_accounts(table: Table, settings: Connection) -> Mapping[int | None, str] | None:
    """The accounts that a connection names for a table, without their names; None where Harvest has to list them.

    Harvest ID lists the accounts of a token once for all of them, and without one too.
    """
    if table.host is Host.ID:
        given = settings.require_accounts()
        return {given[0] if given is not None and len(given) == 1 else None: ""}
    numbers = settings.require_accounts()
    return None if numbers is None else dict.fromkeys(numbers, "")


def plans_for(
    table: Table,
    settings: Connection,
    restricted: Mapping[str, Domain] | None,
    accounts: Mapping[int | None, str],
    branches: Sequence[Mapping[str, Domain]] | None = None,
) -> list[Plan]:
    """One plan for each of the accounts, given with their names, that the domains allow."""
    plans = [
        plan(table, TABLES, restricted, _target(settings, number, name, several=len(accounts) > 1), branches)
        for number, name in accounts.items()
    ]
    return [each for each in plans if each.requests]


def _refuse_inputs(
    table: Table,
    settings: Connection,
    found: Mapping[str, Domain],
    branches: Sequence[Mapping[str, Domain]] | None,
) -> None:
    """Raise `QueryError` if the filter does not choose the inputs of a report as Harvest wants them.

    No other column can make a plan fail, and a list of thousands of ids takes 76 ms to plan.
    """
    inputs = {name: domain for name, domain in found.items() if name in _inputs(table)}
    plan(table, TABLES, inputs, _target(settings, None, "", several=False), branches)


def _inputs(table: Table) -> set[str]:
    """The columns that choose what a report computes."""
    return {column.name for column in table.columns if column.origin is Origin.INPUT}


def _target(settings: Connection, number: int | None, name: str, *, several: bool) -> Target:
    called = f"{number} ({name})" if name else str(number)
    return Target(settings.base_url, settings.id_url, number, settings.page_size, called if several else "")
