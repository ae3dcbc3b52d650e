"""What is asked of one table: its columns and a filter, over a connection; and the plans that come of it.

The connection string travels to the scan as a filter on the hidden column `_connection`: see `engine`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.catalog.arrow_types import CONNECTION, schema_of
from harvest_duck.catalog.model import Host, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import resolve
from harvest_duck.errors import QueryError
from harvest_duck.planner import Plan, Target, plan, refuse_unchosen
from harvest_duck.protocol.request import accounts_request
from harvest_duck.pushdown.domain import Domain, domains
from harvest_duck.pushdown.predicate import Compare, Op, Predicate, conjuncts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harvest_duck.auth import BoundUser
    from harvest_duck.connection import Connection
    from harvest_duck.http.request_log import RequestLog
    from harvest_duck.pushdown.arrow_filter import Filter
    from harvest_duck.scanner.client import Client

_attached: dict[str, str] = {}


def attached(connection: str) -> str:
    """A name for a connection string that SQL may show; the string itself stays in this process."""
    known = next((handle for handle, text in _attached.items() if text == connection), None)
    if known is None:
        # Not to be guessed: every connection of DuckDB in this process could use it.
        known = f"@{secrets.token_hex(16)}"
        _attached[known] = connection
    return known


def connection_in(predicate: Predicate, table: str) -> str:
    """The connection string that the filter carries, taken from the terms that all rows have to meet."""
    for term in conjuncts(predicate):
        if isinstance(term, Compare) and term.column == CONNECTION and term.op is Op.EQ:
            return str(term.value)
    raise QueryError(
        f"{table}: no connection string reached the scan; write it as a constant or a parameter, "
        "and leave DuckDB's optimizer on (PRAGMA enable_optimizer)"
    )


@dataclass(frozen=True, slots=True)
class Query:
    """The columns `names` of the rows of `table` that a filter keeps; `restricted` is what it says of each column."""

    table: Table
    settings: Connection
    names: Sequence[str]
    filter: Filter
    restricted: Mapping[str, Domain] | None

    @property
    def fields(self) -> list[str]:
        """The columns to decode: those asked for and those that the filter looks at, in the order of the table."""
        looked_at = self.filter.columns
        wanted = {*self.names, *(looked_at or ())}
        return [column.name for column in self.table.columns if looked_at is None or column.name in wanted]

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches that a scan of it gives, the hidden column included where it is asked for."""
        whole = schema_of(self.table).append(pa.field(CONNECTION, pa.string()))
        return pa.schema([whole.field(name) for name in self.names])

    @property
    def terms(self) -> list[Predicate]:
        """What the filter asks for, besides the connection, which every row of a scan has anyway."""
        return [
            term
            for term in conjuncts(self.filter.predicate)
            if not (isinstance(term, Compare) and term.column == CONNECTION)
        ]

    @property
    def accounts(self) -> Mapping[int | None, str] | None:
        """The accounts to ask, without names; None where Harvest has to tell first which there are.

        The accounts of a token can be listed without one, and are listed once.
        """
        if self.table.host is Host.ID:
            given = self.settings.require_accounts() if self.settings.account_id is not None else None
            return {given[0] if given is not None and len(given) == 1 else None: ""}
        numbers = self.settings.require_accounts()
        return None if numbers is None else dict.fromkeys(numbers, "")

    def plans(self, accounts: Mapping[int | None, str]) -> list[Plan]:
        """One plan for each of the accounts, given with their names, that the filter allows; none for others."""
        plans = [
            plan(self.table, TABLES, self.restricted, self._target(number, name, several=len(accounts) > 1))
            for number, name in accounts.items()
        ]
        return [each for each in plans if each.requests]

    async def planned(self, client: Client, user: BoundUser, request_log: RequestLog, scan: int = 0) -> list[Plan]:
        """The plans for all accounts, once Harvest has told which there are, where it has to."""
        return self.plans(await self.known_accounts(client, user, request_log, scan))

    async def known_accounts(
        self, client: Client, user: BoundUser, request_log: RequestLog, scan: int = 0
    ) -> Mapping[int | None, str]:
        """The accounts to ask; Harvest tells them with their names where the connection does not."""
        if self.accounts is not None:
            return self.accounts
        sent = request_log.add(accounts_request(self.settings.id_url), scan)
        return {account.id: account.name for account in await client.accounts(sent, user)}

    def _target(self, number: int | None, name: str, *, several: bool) -> Target:
        called = f"{number} ({name})" if name else str(number)
        wanted = self.settings
        return Target(wanted.base_url, wanted.id_url, number, wanted.page_size, called if several else "")


def query(table: Table, connection: str, names: Sequence[str], read: Filter) -> Query:
    """What a filter, as it was read, asks of a table; nothing is sent.

    Raises the errors of the connection string, and `QueryError` for what no request can answer.
    """
    settings = resolve(_attached.get(connection, connection))
    settings.require_credentials()
    asked = Query(table, settings, names, read, domains(read.predicate))
    refuse_unchosen(table, names, asked.restricted)
    accounts = asked.accounts
    # Planned once here, so that what is wrong with a query is said before anything is sent.
    asked.plans({0: ""} if accounts is None else accounts)
    return asked
