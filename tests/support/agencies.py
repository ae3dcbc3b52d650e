"""Agencies of several currencies, rounding rules, weeks and days, and a connection that asks the views of each."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import pytest

import harvest_duck
from harvest_duck.sandbox import EURO_ID, MAIN_ID, TODAY, Rounding, Sandbox, Settings, TimeRounding

if TYPE_CHECKING:
    import duckdb

__all__ = ["AGENCIES", "GENERATED", "Agencies", "Agency", "Views"]

#: Agencies that differ from the shared one in what the views depend on: seed, settings, and the day of today.
_OTHERS: dict[str, tuple[int, Settings, date]] = {
    "Sunday, in leap year": (
        21,
        Settings(currency="GBP", time_rounding=TimeRounding(Rounding.NEAREST, 6), week_start="Sunday", weekly_hours=38),
        date(2024, 3, 5),
    ),
    "Saturday, in yen": (
        22,
        Settings(currency="JPY", time_rounding=TimeRounding(), week_start="Saturday", weekly_hours=37.5),
        TODAY,
    ),
    "half hours, in francs": (23, Settings(currency="CHF", time_rounding=TimeRounding(Rounding.UP, 30)), TODAY),
}
#: The names of all agencies: both accounts of the shared sandbox, and three more.
GENERATED = ("main", "European", *_OTHERS)
_USUAL = ("European", "Sunday, in leap year")
#: The same as parameters of a test: a usual run takes two small agencies that differ, and a thorough one the others.
AGENCIES = [name if name in _USUAL else pytest.param(name, marks=pytest.mark.thorough) for name in GENERATED]


@dataclass(frozen=True, slots=True)
class Agency:
    """An account of a running sandbox."""

    sandbox: Sandbox
    account_id: int = MAIN_ID

    @property
    def today(self) -> date:
        """The day on which its records end."""
        return self.sandbox.today

    def records(self, table: str) -> list[dict[str, Any]]:
        """Return the records of a table as they are served."""
        return self.sandbox.records(self.account_id, table)

    def connection(self, role: str = "administrator") -> str:
        """Return the connection string for a role, without rate limits."""
        string = self.sandbox.connection_string(role=role, account_id=self.account_id)
        return f"{string};RateLimit=off;ReportsRateLimit=off"


class Agencies(dict[str, Agency]):
    """The agencies by the names of `GENERATED`; a sandbox beside the shared one runs once it is asked for."""

    def __init__(self, shared: Sandbox) -> None:
        super().__init__({"main": Agency(shared), "European": Agency(shared, EURO_ID)})
        self._stack = ExitStack()

    def __missing__(self, name: str) -> Agency:
        seed, settings, today = _OTHERS[name]
        made = Sandbox(seed=seed, scale=0.1, time_entries=300, today=today, settings=settings, limits=False)
        self[name] = Agency(self._stack.enter_context(made))
        return self[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


class Views:
    """The ready views of one account after the other, through one connection: to attach another takes no time."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def of(
        self, agency: Agency, *, role: str = "administrator", accounts: str | None = None, options: str = ""
    ) -> Views:
        """Attach an account as `views`, and return these views; with `accounts` such as `1,2` those of the sandbox.

        `options` are more properties of the connection string.
        """
        string = agency.connection(role) + options
        if accounts is not None:
            string = string.replace(f"AccountId={agency.account_id};", f"AccountId={accounts};")
        harvest_duck.attach(self.con, string, name="views")
        return self

    def rows(self, call: str, *parameters: object) -> list[dict[str, Any]]:
        """Return the rows of a view such as `work(?, ?)` with their columns, in the order of all columns."""
        result = self.con.execute(f"FROM views.{call} ORDER BY ALL", list(parameters))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def types(self, call: str, *parameters: object) -> dict[str, str]:
        """Return the type of each column of a view."""
        found = self.con.execute(f"DESCRIBE FROM views.{call}", list(parameters)).fetchall()
        return {name: kind for name, kind, *_ in found}
