"""What codes of the figures mean, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harvest_duck.report_page.charts import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.report_page.model import ProjectProfit
    from harvest_duck.report_page.numbers import Numbers

_OUTLOOKS = {
    "over": ("bad", "Over"),
    "will be over": ("warn", "Will be over"),
    "near its end": ("warn", "Near its end"),
    "on track": ("ok", "On track"),
    "idle": ("mute", "Idle"),
    "closed": ("mute", "Closed"),
}
_LACKS = {
    "billable rate": ("Billable hours without a rate", "revenue and what is not invoiced are too low"),
    "cost rate": ("Hours without a cost rate", "the cost is too low, the profit unknown"),
    "fee": ("A fixed fee without its amount", "the revenue is unknown"),
    "starts_on": ("A fixed fee without a first day", "the revenue is unknown"),
    "ends_on": ("A fixed fee without a last day", "the revenue is unknown"),
}
_PROJECT_TYPES = {"fixed_fee": " · fixed fee", "non_billable": " · not billable"}


def outlook(code: str) -> tuple[str, str]:
    """Return the tone and the words of the outlook of a budget."""
    return _OUTLOOKS.get(code) or ("mute", plain(code).capitalize())


def lack(missing: str) -> tuple[str, str]:
    """Return what is missing in Harvest, and what that does to the figures."""
    return _LACKS.get(missing) or (plain(missing).capitalize(), "figures are too low or unknown")


def project_type(code: str | None) -> str:
    """Return what is said of the type of a project behind the name of its client; nothing of the usual one."""
    return _PROJECT_TYPES.get(code or "", "")


def why_unknown(rows: Sequence[ProjectProfit], n: Numbers) -> str:
    """Return what is missing to know the profit of projects, and of how many of them."""
    reasons = Counter(
        reason.strip() for row in rows for reason in (plain(row.missing) if row.missing else "a cost").split(",")
    )
    return ", ".join(f"{reason} ({n.number(count)})" for reason, count in sorted(reasons.items(), key=_most_first))


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]
