"""What the token of a report sees of the account, and which cards that leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import identifier, shown, text
from harvest_duck.report_page.inputs import CARDS
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Visibility"]

_REFUSED = {
    "account": "This takes the whole account, of which {who} sees a part. A report by an administrator has it.",
    "people": "This takes the time of all, and {who} sees their own. A report by an administrator or a manager has it.",
    "projects": "This takes whole projects, and {who} manages none. A report by an administrator or a manager has it.",
}
#: A report takes days off from Harvest, so its views of people leave out the teammates of a manager.
_ALONE = (
    "* REPLACE (CASE WHEN people IS NOT NULL THEN [user_id] END AS people, "
    "CASE WHEN people IS NOT NULL THEN coalesce(nullif(user_name, ''), user_id::VARCHAR) END AS limited_to)"
)


@dataclass(frozen=True, slots=True)
class Visibility:
    """What the token's user sees: the rows of `_internal.visible`, with what it was `asked` for."""

    account_id: int
    user_name: str
    role: str
    rows: pa.Table

    @classmethod
    def of(cls, read: Callable[[str], pa.Table], name: str) -> Visibility:
        """Return what the token of the account that is attached as `name` sees; `read` returns the rows of a query.

        Raises `QueryError` where it is several accounts.
        """
        rows = read(_query(name, ["rows"]))
        accounts = rows.column("account_id").to_pylist()
        if len(accounts) != 1:
            raise QueryError(
                f"a report is of one account, and {shown(name)} has {len(accounts)}: attach one of them alone, "
                f"as by AccountId={min(accounts, default='…')}"
            )
        (first,) = rows.to_pylist()
        if others := _allowed(first):
            rows = pa.concat_tables([rows, read(_query(name, others))])
        return cls(first["account_id"], first["user_name"] or "", first["role"] or "", rows)

    def limited_to(self, card: str) -> str | None:
        """Return the part of the account that a card is limited to, None where it is all of it."""
        accesses = {load.views()[view].access for view in CARDS[card]}
        limits = {row["asked"]: row["limited_to"] for row in self.rows.to_pylist()}
        return next((limit for access in sorted(accesses) if (limit := limits.get(access)) is not None), None)

    def unseen(self) -> dict[str, str]:
        """Return the reason for each card of which the token does not see what it takes."""
        seen = set(self.rows.column("asked").to_pylist())
        refused: dict[str, str] = {}
        for card, views in CARDS.items():
            for access in (load.views()[view].access for view in views):
                if access not in seen:
                    refused.setdefault(card, _REFUSED[access].format(who=self.user_name))
        return refused


def _allowed(viewer: dict[str, Any]) -> list[str]:
    """Return what `_internal.visible` can be asked for besides rows: no people mean that all are seen."""
    if viewer["people"] is None:
        return ["account", "people", "projects"]
    return ["people", "projects"] if viewer["role"] == "manager" else []


def _query(name: str, accesses: list[str]) -> str:
    return " UNION ALL ".join(
        f"SELECT {text(asked)} AS asked, {_ALONE if asked == 'people' else '*'} "
        f"FROM {identifier(name)}._internal.visible('report', {text(asked)})"
        for asked in accesses
    )
